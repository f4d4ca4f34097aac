"""Calls in the journal, as intents: what was to be done, and what the service answered."""

from __future__ import annotations

import sqlite3

from extenci.catalog.database.json_columns import unpack, unpack_tags
from extenci.model.record import SUBMIT, Intent, resources_in

LAUNCH_CALLS = ("RunInstances", "StartSnapshot", "ImportSnapshot", "RegisterImage", SUBMIT)
"""Calls whose product is known by token, name or record alone until it is tagged."""

LAUNCH_SECONDS = 48 * 3600.0
"""How long a settled launch may still be needed to tell who owns its product. RunInstances tokens are
remembered for at least 24 h (FACTS: EC2, ensuring idempotency)."""

UNSETTLED = "runs.stack = ? AND calls.settled_at IS NULL"
"""Calls with an unknown outcome."""

UNSETTLED_OR_LAUNCHED = (
    f"runs.stack = ? AND (calls.settled_at IS NULL OR (calls.failure IS NULL AND calls.settled_at >= ?"
    f" AND calls.call IN ({', '.join('?' * len(LAUNCH_CALLS))})))"
)
"""These, and settled calls whose products may have no tags yet."""


REMOVAL_CALLS = ("TerminateInstances", "DeregisterImage", "DeleteSnapshot")
"""Calls that remove what launching calls made."""

REMOVED = (
    "runs.stack = ? AND calls.at >= ? AND calls.failure IS NULL"
    f" AND calls.call IN ({', '.join('?' * len(REMOVAL_CALLS))})"
)
"""Calls that removed something, or may have: none that the service refused."""


def select_unsettled(connection: sqlite3.Connection, stack: str) -> tuple[Intent, ...]:
    """The calls of a stack whose outcome is unknown, oldest first."""
    return select_intents(connection, UNSETTLED, (stack,))


def select_needed(connection: sqlite3.Connection, stack: str, now: float) -> tuple[Intent, ...]:
    """The calls that planning a stack needs: unsettled ones, and launches of the last 48 hours."""
    values = (stack, now - LAUNCH_SECONDS, *LAUNCH_CALLS)
    return select_intents(connection, UNSETTLED_OR_LAUNCHED, values)


def select_removed(connection: sqlite3.Connection, stack: str, now: float) -> frozenset[str]:
    """The ids of the resources that a stack's runs removed in the last 48 hours, or may have removed."""
    values = (stack, now - LAUNCH_SECONDS, *REMOVAL_CALLS)
    calls = select_intents(connection, REMOVED, values)
    return frozenset(id_ for call in calls for id_ in resources_in(call.request))


def select_unseen(connection: sqlite3.Connection, service: str, resource: str) -> float | None:
    """When a resource was made (seconds since the epoch) that no list has shown since; None where nothing is
    known of that, or it was seen: its record has the facts of an observation then."""
    recorded = connection.execute(
        "SELECT facts, seen FROM resources WHERE service = ? AND id = ?", (service, resource)
    ).fetchone()
    if recorded is not None:
        return None if "state" in unpack(recorded["facts"]) else float(recorded["seen"])
    rows = connection.execute(
        "SELECT result, settled_at FROM calls WHERE service = ? AND result LIKE ?"  # noqa: S608 - only a constant of this module
        f" AND call IN ({', '.join('?' * len(LAUNCH_CALLS))}) ORDER BY id DESC",
        (service, f'%"{resource}"%', *LAUNCH_CALLS),
    ).fetchall()
    made = (row["settled_at"] for row in rows if resource in resources_in(unpack(row["result"])))
    return next(made, None)


def select_intents(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> tuple[Intent, ...]:
    """The calls that meet a condition (one of the constants above), oldest first."""
    rows = connection.execute(
        f"SELECT calls.* FROM calls JOIN runs ON runs.id = calls.run WHERE {condition} ORDER BY calls.id",  # noqa: S608 - only constants of this module
        values,
    ).fetchall()
    return tuple(intent_of(row) for row in rows)


def intent_of(row: sqlite3.Row) -> Intent:
    """A row of `calls` as a value."""
    return Intent(
        id=row["id"],
        run=row["run"],
        change=row["change"],
        service=row["service"],
        call=row["call"],
        token=row["token"],
        at=row["at"],
        tags=unpack_tags(row["tags"]),
        request=unpack(row["request"]),
        result=None if row["result"] is None else unpack(row["result"]),
    )

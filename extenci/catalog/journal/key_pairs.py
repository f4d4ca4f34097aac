"""Key pairs in the journal: those that runs made for test VMs."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from extenci.catalog.database.json_columns import unpack
from extenci.catalog.journal.runs import select_finished_runs


@dataclass(frozen=True)
class MadeKeyPair:
    """A key pair that a run made, or may have made, for a change. `is_there`: nothing says that it was
    deleted; `is_over`: the run is over."""

    name: str
    stack: str
    service: str
    change: str
    is_there: bool
    is_over: bool


def select_made(connection: sqlite3.Connection, run: str, change: str) -> tuple[str, ...]:
    """The names of the key pairs that a run made for a change, or may have made, and did not delete."""
    return select_names(connection, "run = ? AND change = ?", (run, change))


def select_left(
    connection: sqlite3.Connection, stack: str, service: str, alive: frozenset[str]
) -> tuple[str, ...]:
    """The names of those that all runs of a stack which are over left on one service. `alive` are runs that
    are not."""
    names = (
        name
        for run in sorted(select_finished_runs(connection, stack, alive))
        for name in select_names(connection, "run = ? AND service = ?", (run, service))
    )
    return tuple(dict.fromkeys(names))


def select_names(connection: sqlite3.Connection, condition: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the key pairs that the calls which meet a condition made and did not delete."""
    rows = connection.execute(
        f"SELECT call, request FROM calls WHERE {condition} AND failure IS NULL"  # noqa: S608 - only constants of this module
        " AND call IN ('CreateKeyPair', 'DeleteKeyPair') ORDER BY id",
        values,
    ).fetchall()
    names = {name_in(row): row["call"] == "CreateKeyPair" for row in rows}
    return tuple(name for name, is_there in names.items() if is_there)


def select_all(connection: sqlite3.Connection, alive: frozenset[str]) -> tuple[MadeKeyPair, ...]:
    """The key pairs of every stack, oldest first. `alive` are the runs that are not over."""
    rows = connection.execute(
        "SELECT call, request, failure, service, change, stack, run FROM calls"
        " JOIN runs ON runs.id = calls.run WHERE call IN ('CreateKeyPair', 'DeleteKeyPair') ORDER BY calls.id"
    ).fetchall()
    found: dict[str, MadeKeyPair] = {}
    for row in rows:
        name, is_done = name_in(row), row["failure"] is None
        if row["call"] == "CreateKeyPair":
            found[name] = MadeKeyPair(
                name, row["stack"], row["service"], row["change"], is_done, row["run"] not in alive
            )
        elif name in found and is_done:
            found[name] = replace(found[name], is_there=False)
    return tuple(found.values())


def mark_deleted(connection: sqlite3.Connection, name: str, now: float) -> None:
    """Write down that a key pair was deleted, whichever run made it."""
    connection.execute(
        "UPDATE calls SET failure = 'deleted later', settled_at = ?"
        " WHERE call = 'CreateKeyPair' AND token = ?",
        (now, name),
    )


def name_in(row: sqlite3.Row) -> str:
    """The name of the key pair in the request of a call."""
    return str(unpack(row["request"]).get("name"))

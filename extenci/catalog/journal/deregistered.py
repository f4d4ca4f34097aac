"""Deregistrations in the journal: an unstaging that was cut off after one can be finished by them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress

from extenci.catalog.database.json_columns import unpack, unpack_tags
from extenci.model.address import Address
from extenci.model.ownership import Role, read_marks
from extenci.model.record import Deregistered

DEREGISTERED = (
    "SELECT calls.service, calls.change, calls.request FROM calls JOIN runs ON runs.id = calls.run"
    " WHERE runs.stack = ? AND calls.call = 'DeregisterImage' AND calls.failure IS NULL ORDER BY calls.id"
)
REGISTERED = (
    "SELECT calls.service, calls.token, calls.tags, calls.result FROM calls JOIN runs ON runs.id = calls.run"
    " WHERE runs.stack = ? AND calls.call = 'RegisterImage' AND calls.result IS NOT NULL ORDER BY calls.id"
)


def select_deregistered(connection: sqlite3.Connection, stack: str) -> tuple[Deregistered, ...]:
    """The images that runs of a stack deregistered, or may have, oldest first."""
    rows = connection.execute(DEREGISTERED, (stack,)).fetchall()
    registered = dict(select_registered(connection, stack)) if rows else {}
    found = []
    for row in rows:
        request = unpack(row["request"])
        image, snapshots = str(request.get("image", "")), request.get("snapshots", ())
        name, role = registered.get((row["service"], image), ("", Role.MANUAL))
        with suppress(ValueError):
            address = Address.parse(
                row["change"].partition(" ")[2].partition(" ")[0]
            )  # `unstage SERVICE/NAME ID`, `verify ...`
            stood_on = tuple(map(str, snapshots)) if isinstance(snapshots, list) else ()
            found.append(Deregistered(row["service"], image, address, name, role, stood_on))
    return tuple(found)


def select_registered(
    connection: sqlite3.Connection, stack: str
) -> Iterator[tuple[tuple[str, str], tuple[str, Role]]]:
    """The name and role of each image that runs of a stack registered, by its service and id."""
    for row in connection.execute(REGISTERED, (stack,)).fetchall():
        marks = read_marks(unpack_tags(row["tags"]))
        role = marks.role if marks is not None else Role.MANUAL
        yield (row["service"], str(unpack(row["result"]).get("image"))), (row["token"], role)

"""Rows whose values have the types of their columns. SQLite takes any value for any column, so that a damaged
file may hold anything (sqlite.org/flextypegood.html)."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cache
from typing import Any

from extenci.catalog.database.json_columns import damaged
from extenci.catalog.database.schema import MIGRATIONS

_TYPES: Mapping[str, tuple[type, ...]] = {"TEXT": (str,), "INTEGER": (int,), "REAL": (int, float)}
FARTHEST = 1e11
"""Seconds since the epoch: about the year 5000. Python's dates end in the year 9999."""


class CheckedRow(sqlite3.Row):
    """A row of which a missing column is a CatalogError: in a damaged file, tables may have other ones."""

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)
        except IndexError:
            raise damaged("a table without a column") from None


def checked_row(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> sqlite3.Row:
    """A row of any query: a row factory. CatalogError where a value is none that its column may have; columns
    are known by their names, which have one type in all tables."""
    row, types = CheckedRow(cursor, values), column_types()
    for name, value in zip(row.keys(), values, strict=True):
        known = types.get(name)
        if known is not None and (
            not isinstance(value, known) or (isinstance(value, float) and not _is_time(value))
        ):
            raise damaged(str(value))
    return row


def _is_time(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= FARTHEST


@cache
def column_types() -> Mapping[str, tuple[type, ...]]:
    """The types that the values of a column may have, by its name."""
    found: dict[str, tuple[type, ...]] = {}
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS:
            connection.executescript(script)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for name, declared, is_required in _columns(connection, table):
                types = _TYPES.get(declared, (object,))
                found[name] = (*found.get(name, ()), *types, *(() if is_required else (type(None),)))
    return found


def _columns(connection: sqlite3.Connection, table: str) -> Iterable[tuple[str, str, bool]]:
    for _, name, declared, is_required, _, key in connection.execute(f"PRAGMA table_info({table})"):
        yield name, declared, bool(is_required or key)

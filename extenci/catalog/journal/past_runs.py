"""Runs as a person looks back at them, with their changes and calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from extenci.catalog.database.json_columns import unpack
from extenci.model.journal import PastCall, PastChange, PastRun, RunOrigin
from extenci.model.record import resources_in

RUNNING, KILLED = "running", "killed"
"""The outcomes of runs that have written none."""


def select_past_runs(
    connection: sqlite3.Connection, stack: str | None, alive: frozenset[str]
) -> tuple[PastRun, ...]:
    """The runs of a stack, or of all, that began a change or made a call, newest first; without their
    calls. `alive` are the runs that may be under way."""
    rows = connection.execute(
        "SELECT * FROM runs WHERE (? IS NULL OR stack = ?)"
        " AND (EXISTS (SELECT 1 FROM changes WHERE changes.run = runs.id)"
        " OR EXISTS (SELECT 1 FROM calls WHERE calls.run = runs.id)) ORDER BY began DESC, id",
        (stack, stack),
    ).fetchall()
    return tuple(run_of(connection, row, alive) for row in rows)


def select_calls(connection: sqlite3.Connection, run: str) -> tuple[PastCall, ...]:
    """The calls of a run, in their order. Requests are left out: nobody needs to look at them, and what is
    not read cannot be shown."""
    rows = connection.execute(
        "SELECT change, service, call, at, settled_at, result, failure FROM calls WHERE run = ? ORDER BY id",
        (run,),
    ).fetchall()
    return tuple(
        PastCall(
            row["change"],
            row["service"],
            row["call"],
            row["at"],
            row["settled_at"],
            resources_in(unpack(row["result"])) if row["result"] is not None else (),
            row["failure"] or "",
        )
        for row in rows
    )


def run_of(connection: sqlite3.Connection, row: sqlite3.Row, alive: Iterable[str]) -> PastRun:
    """A row of `runs` with its changes."""
    changes = connection.execute(
        "SELECT change, status, at, amount, message FROM changes WHERE run = ? ORDER BY at, change",
        (row["id"],),
    ).fetchall()
    return PastRun(
        id=row["id"],
        stack=row["stack"],
        command=row["command"],
        host=row["host"],
        began=row["began"],
        ended=row["ended"],
        outcome=row["outcome"] or (RUNNING if row["id"] in alive else KILLED),
        origin=RunOrigin(row["user"] or "", row["root"] or "", row["revision"] or "", bool(row["dirty"])),
        changes=tuple(
            PastChange(one["change"], one["status"], one["at"], one["amount"], one["message"] or "")
            for one in changes
        ),
    )

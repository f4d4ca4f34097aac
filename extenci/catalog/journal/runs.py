"""Runs in the journal: commands that change something."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from extenci.model.errors import CatalogError
from extenci.model.journal import UNKNOWN_ORIGIN, RunOrigin

KEPT_SECONDS = 90 * 86400.0
"""How long ended runs without open calls are kept."""


@dataclass(frozen=True)
class Run:
    """One run of a command that changes something. `began` and `ended` are seconds since the epoch; `ended`
    and `outcome` are None while it runs, and after it was killed."""

    id: str
    stack: str
    plan: str | None
    command: str
    pid: int
    host: str
    began: float
    ended: float | None
    outcome: str | None


BEGIN_RUN = """
INSERT INTO runs (id, stack, plan, command, pid, host, began, user, root, revision, dirty)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, command = excluded.command, pid = excluded.pid,
    host = excluded.host, began = excluded.began, ended = NULL, outcome = NULL, user = excluded.user,
    root = excluded.root, revision = excluded.revision, dirty = excluded.dirty
"""


def insert_run(
    connection: sqlite3.Connection,
    run: str,
    stack: str,
    plan: str | None,
    command: str,
    now: float,
    origin: RunOrigin = UNKNOWN_ORIGIN,
) -> None:
    """Write a run of this process down, new or resumed; CatalogError where the id is another stack's."""
    row = connection.execute("SELECT stack FROM runs WHERE id = ?", (run,)).fetchone()
    if row is not None and row["stack"] != stack:
        raise CatalogError(
            f"The run {run} belongs to the stack {row['stack']!r}, not to {stack!r}.",
            "Make a new plan for this stack and apply that.",
        )
    texts = [printable(text) or None for text in (origin.user, origin.root, origin.commit)]
    known = (run, stack, plan, printable(command), os.getpid(), socket.gethostname(), now)
    connection.execute(BEGIN_RUN, (*known, *texts, int(origin.dirty)))


def select_runs(connection: sqlite3.Connection, stack: str) -> tuple[Run, ...]:
    """The runs of a stack, oldest first."""
    rows = connection.execute(
        "SELECT id, stack, plan, command, pid, host, began, ended, outcome FROM runs"
        " WHERE stack = ? ORDER BY began, id",
        (stack,),
    ).fetchall()
    return tuple(Run(*row) for row in rows)


def select_finished_runs(connection: sqlite3.Connection, stack: str, alive: frozenset[str]) -> frozenset[str]:
    """The ids of a stack's runs that are over: all but those that are `alive`."""
    rows = connection.execute("SELECT id FROM runs WHERE stack = ?", (stack,)).fetchall()
    return frozenset(row["id"] for row in rows) - alive


def select_alive(
    connection: sqlite3.Connection, own: frozenset[str], *, alone: Callable[[str], bool]
) -> frozenset[str]:
    """The ids of the runs that may be alive: `own` ones, which this process has begun, and unless it is
    `alone` with a stack, the last one of that which has not ended.

    A run holds its stack's lock in this home, so there is one at a time, wherever its process is: in
    containers, process numbers and host names tell nothing.
    """
    rows = connection.execute("SELECT id, stack FROM runs WHERE ended IS NULL ORDER BY began, id").fetchall()
    last = {row["stack"]: row["id"] for row in rows}
    return own | {run for stack, run in last.items() if not alone(stack)}


def prune_runs(connection: sqlite3.Connection, before: float) -> None:
    """Delete runs that ended before a moment and left no call open."""
    connection.execute(
        "DELETE FROM runs WHERE ended < ? AND NOT EXISTS"
        " (SELECT 1 FROM calls WHERE calls.run = runs.id AND calls.settled_at IS NULL)",
        (before,),
    )


def printable(text: str) -> str:
    """Text that SQLite takes: arguments of a command may hold bytes that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()

"""The journal: what was begun is written before it is done, and what came of it after.

Every function here is durable when it returns: the intent is on disk before its call is sent, so that
after kill -9 or a power cut the next run knows what may exist.
"""

from __future__ import annotations

import math
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from extenci.catalog.database.connection import Database
from extenci.catalog.database.json_columns import pack, unpack
from extenci.model.errors import CatalogError
from extenci.model.outcome import Status
from extenci.model.record import PUT_BUNDLE, SUBMIT, Intent

LAUNCH_CALLS = ("RunInstances", "StartSnapshot", "ImportSnapshot", "RegisterImage", SUBMIT)
"""Calls whose product is known by token, name or record alone until it is tagged."""

LAUNCH_SECONDS = 48 * 3600.0
"""How long a settled launch may still be needed to tell whose a thing is. RunInstances tokens are
remembered for at least 24 h (FACTS: EC2, ensuring idempotency)."""

KEPT_SECONDS = 90 * 86400.0
"""How long ended runs without open calls are kept."""

SECRET_KEYS = frozenset({"userdata", "user_data"})


@dataclass(frozen=True)
class Run:
    """One run of a command that changes things. `outcome` is None while it runs, or after it was killed."""

    id: str
    stack: str
    plan: str | None
    command: str
    pid: int
    host: str
    began: float
    ended: float | None
    outcome: str | None


@dataclass(frozen=True)
class MadeKeyPair:
    """A key pair that a run made for a change, or may have made. `is_there`: nothing says that it is gone;
    `is_over`: the run does nothing any more."""

    name: str
    stack: str
    service: str
    change: str
    is_there: bool
    is_over: bool


class Journal:
    """Runs, their changes and their calls. Any thread may use it."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def begin_run(self, id: str, stack: str, command: str, plan_id: str | None = None) -> None:  # noqa: A002
        """Write down that a run begins, or that the run of a saved plan goes on.

        CatalogError where the id was used for another stack.
        """
        now = self._clock()
        with self._database.writing() as connection:
            prune(connection, now - KEPT_SECONDS)
            row = connection.execute("SELECT stack FROM runs WHERE id = ?", (id,)).fetchone()
            if row is not None and row["stack"] != stack:
                raise CatalogError(
                    f"The run {id} belongs to the stack {row['stack']!r}, not to {stack!r}.",
                    "Make a new plan for this stack and apply that.",
                )
            connection.execute(
                BEGIN_RUN, (id, stack, plan_id, printable(command), os.getpid(), socket.gethostname(), now)
            )

    def end_run(self, id: str, outcome: str) -> None:  # noqa: A002
        """Write down that a run ended: `done`, `failed` or `interrupted`, say."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (self._clock(), outcome, id)
            )

    def runs(self, stack: str) -> tuple[Run, ...]:
        """The runs of a stack, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, stack, plan, command, pid, host, began, ended, outcome FROM runs"
                " WHERE stack = ? ORDER BY began, id",
                (stack,),
            ).fetchall()
        return tuple(Run(*row) for row in rows)

    def begin_change(self, run: str, change: str) -> None:
        """Write down that work on a change begins."""
        self._mark(run, change, "begun")

    def end_change(self, run: str, change: str, status: Status) -> None:
        """Write down what became of a change."""
        self._mark(run, change, str(status))

    def begun_changes(self, run: str) -> frozenset[str]:
        """Ids of the changes that a run began and never ended."""
        return self._changes(run, "begun")

    def done_changes(self, run: str) -> frozenset[str]:
        """Ids of the changes that a run did."""
        return self._changes(run, str(Status.DONE))

    def halfway_changes(self, run: str) -> frozenset[str]:
        """Ids of the changes that a run began and did not do: killed, failed or interrupted midway."""
        stages = ("begun", str(Status.FAILED), str(Status.SKIPPED))
        return frozenset().union(*(self._changes(run, stage) for stage in stages))

    def count_calls(self, run: str, change: str) -> int:
        """How many calls a run has written down for a change so far."""
        with self._database.reading() as connection:
            query = "SELECT COUNT(*) FROM calls WHERE run = ? AND change = ?"
            return int(connection.execute(query, (run, change)).fetchone()[0])

    def made_key_pairs(self, run: str, change: str) -> tuple[str, ...]:
        """The names of key pairs that a run made for a change, or may have made, and did not delete."""
        with self._database.reading() as connection:
            return names_of_key_pairs(connection, "run = ? AND change = ?", (run, change))

    def left_key_pairs(self, stack: str, service: str) -> tuple[str, ...]:
        """The same of all runs of a stack that are finished, on one service."""
        with self._database.reading() as connection:
            finished = select_finished_runs(connection, stack)
            names = (
                name
                for run in sorted(finished)
                for name in names_of_key_pairs(connection, "run = ? AND service = ?", (run, service))
            )
            return tuple(dict.fromkeys(names))

    def key_pairs(self) -> tuple[MadeKeyPair, ...]:
        """Every key pair that is known here, whoever's it is, oldest first."""
        with self._database.reading() as connection:
            return select_key_pairs(connection)

    def uploaded(self, stack: str, service: str) -> Mapping[str, float]:
        """The keys in S3 that runs of a stack which are over uploaded to on a service, and when they last did
        something about each (seconds since the epoch). What the keys of a bundle begin with is one attempt's
        alone: with no end, for parts may arrive after their run was killed."""
        with self._database.reading() as connection:
            finished = select_finished_runs(connection, stack)
            rows = connection.execute(
                "SELECT calls.run, calls.call, calls.request, calls.at, calls.settled_at FROM calls"
                " JOIN runs ON runs.id = calls.run WHERE runs.stack = ? AND calls.service = ? AND calls.call"
                " IN ('CreateMultipartUpload', 'UploadPart', 'PutObject', 'CompleteMultipartUpload', ?)"
                " ORDER BY calls.id",
                (stack, service, PUT_BUNDLE),
            ).fetchall()
        return {
            str(unpack(row["request"]).get("key")): math.inf
            if row["call"] == PUT_BUNDLE
            else row["settled_at"] or row["at"]
            for row in rows
            if row["run"] in finished
        }

    def forget_key_pair(self, name: str) -> None:
        """Write down that a key pair is gone, whoever made it."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE calls SET failure = 'deleted later', settled_at = ?"
                " WHERE call = 'CreateKeyPair' AND token = ?",
                (self._clock(), name),
            )

    def begin(
        self,
        call: str,
        *,
        run: str,
        change: str,
        service: str,
        token: str = "",
        request: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """Write down the intent of a changing call and return its id for `settle` or `fail`.

        `request` must hold no secrets; user data is left out in any case.
        """
        with self._database.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO calls (run, change, service, call, token, tags, request, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (run, change, service, call, token, pack(tags or {}), pack(without_secrets(request or {})),
                 self._clock()),
            )  # fmt: skip
            return int(cursor.lastrowid or 0)

    def settle(self, id: int, result: Mapping[str, object] | None = None) -> None:  # noqa: A002
        """Write down what a call answered."""
        self._close(id, pack(without_secrets(result or {})), None)

    def fail(self, id: int, reason: str) -> None:  # noqa: A002
        """Write down that a call surely changed nothing."""
        self._close(id, None, reason)

    def unsettled(self, stack: str) -> tuple[Intent, ...]:
        """Calls of a stack whose outcome is unknown, oldest first."""
        with self._database.reading() as connection:
            return select_intents(connection, OPEN, (stack,))

    def _mark(self, run: str, change: str, status: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO changes (run, change, status, at) VALUES (?, ?, ?, ?)",
                (run, change, status, self._clock()),
            )

    def _changes(self, run: str, status: str) -> frozenset[str]:
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT change FROM changes WHERE run = ? AND status = ?", (run, status)
            ).fetchall()
        return frozenset(row["change"] for row in rows)

    def _close(self, id: int, result: str | None, failure: str | None) -> None:  # noqa: A002
        with self._database.writing() as connection:
            cursor = connection.execute(
                "UPDATE calls SET result = ?, failure = ?, settled_at = ? WHERE id = ?",
                (result, failure, self._clock(), id),
            )
            if cursor.rowcount != 1:
                raise CatalogError(
                    f"The journal has no call {id}: the records were deleted or replaced during the run.",
                    "Run `extenci plan` to see what is there now.",
                )


BEGIN_RUN = """
INSERT INTO runs (id, stack, plan, command, pid, host, began) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, command = excluded.command, pid = excluded.pid,
    host = excluded.host, began = excluded.began, ended = NULL, outcome = NULL
"""

OPEN = "runs.stack = ? AND calls.settled_at IS NULL"
"""Calls with an unknown outcome."""

OPEN_OR_LAUNCHED = (
    f"runs.stack = ? AND (calls.settled_at IS NULL OR (calls.failure IS NULL AND calls.settled_at >= ?"
    f" AND calls.call IN ({', '.join('?' * len(LAUNCH_CALLS))})))"
)
"""Those, and the settled ones that may have made things which carry no tags yet."""


def needed_intents(connection: sqlite3.Connection, stack: str, now: float) -> tuple[Intent, ...]:
    """The calls that planning a stack needs: unsettled ones, and launches of the last 48 hours."""
    return select_intents(connection, OPEN_OR_LAUNCHED, (stack, now - LAUNCH_SECONDS, *LAUNCH_CALLS))


def names_of_key_pairs(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> tuple[str, ...]:
    """The key pairs that calls made and did not delete."""
    rows = connection.execute(
        f"SELECT call, request FROM calls WHERE {condition} AND failure IS NULL"  # noqa: S608 - only constants of this module
        " AND call IN ('CreateKeyPair', 'DeleteKeyPair') ORDER BY id",
        values,
    ).fetchall()
    names = {str(unpack(row["request"]).get("name")): row["call"] == "CreateKeyPair" for row in rows}
    return tuple(name for name, is_there in names.items() if is_there)


def select_key_pairs(connection: sqlite3.Connection) -> tuple[MadeKeyPair, ...]:
    """The key pairs that calls made, and whether they deleted them."""
    rows = connection.execute(
        "SELECT call, request, failure, service, change, stack, pid, host, ended FROM calls"
        " JOIN runs ON runs.id = calls.run WHERE call IN ('CreateKeyPair', 'DeleteKeyPair') ORDER BY calls.id"
    ).fetchall()
    found: dict[str, MadeKeyPair] = {}
    for row in rows:
        name, is_done = str(unpack(row["request"]).get("name")), row["failure"] is None
        if row["call"] == "CreateKeyPair":
            is_over = row["ended"] is not None or has_died(row["pid"], row["host"])
            found[name] = MadeKeyPair(name, row["stack"], row["service"], row["change"], is_done, is_over)
        elif name in found and is_done:
            found[name] = replace(found[name], is_there=False)
    return tuple(found.values())


def select_finished_runs(connection: sqlite3.Connection, stack: str) -> frozenset[str]:
    """Ids of the stack's runs that do nothing any more: they ended, or their process on this host is gone."""
    rows = connection.execute("SELECT id, pid, host, ended FROM runs WHERE stack = ?", (stack,)).fetchall()
    return frozenset(
        row["id"] for row in rows if row["ended"] is not None or has_died(row["pid"], row["host"])
    )


def has_died(pid: int, host: str) -> bool:
    """Whether a process of this host is gone; of another host nobody knows."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def select_intents(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> tuple[Intent, ...]:
    """The calls that fulfil a condition (one of the constants above), oldest first."""
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
        tags=unpack(row["tags"]),
        request=unpack(row["request"]),
        result=None if row["result"] is None else unpack(row["result"]),
    )


def printable(text: str) -> str:
    """Text that SQLite takes: arguments of a command may hold bytes that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def without_secrets(request: Mapping[str, object]) -> dict[str, object]:
    """A request without its user data, at any depth: it may hold passwords and keys."""
    return {key: clean(value) for key, value in request.items() if key.lower() not in SECRET_KEYS}


def clean(value: object) -> object:
    """A value of a request without user data inside it."""
    if isinstance(value, Mapping):
        return without_secrets(value)
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    return value


def prune(connection: sqlite3.Connection, before: float) -> None:
    """Drop runs that ended before a moment and left no call open."""
    connection.execute(
        "DELETE FROM runs WHERE ended < ? AND NOT EXISTS"
        " (SELECT 1 FROM calls WHERE calls.run = runs.id AND calls.settled_at IS NULL)",
        (before,),
    )

"""The journal: each step is written down before it is taken, and its outcome afterwards.

Every method is durable when it returns: an intent is on disk before its call is sent, so that after kill -9
or a power cut the next run knows what may exist.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping

from extenci.catalog.database.connection import Database
from extenci.catalog.database.json_columns import pack
from extenci.catalog.journal import key_pairs
from extenci.catalog.journal.deregistered import select_deregistered
from extenci.catalog.journal.history import ServiceHistory
from extenci.catalog.journal.intents import select_unseen, select_unsettled
from extenci.catalog.journal.key_pairs import MadeKeyPair
from extenci.catalog.journal.past_runs import select_calls, select_past_runs
from extenci.catalog.journal.redaction import without_secrets
from extenci.catalog.journal.runs import (
    KEPT_SECONDS,
    Run,
    insert_run,
    printable,
    prune_runs,
    select_alive,
    select_runs,
)
from extenci.catalog.journal.uploads import select_uploaded
from extenci.model.errors import CatalogError
from extenci.model.journal import UNKNOWN_ORIGIN, PastCall, PastRun, RunOrigin
from extenci.model.outcome import Status
from extenci.model.record import Deregistered, Intent

BEGUN = "begun"
"""The status of a change that has no outcome yet."""


class Journal:
    """Runs, their changes and their calls. Any thread may use it. CatalogError where the file cannot be
    used. `alone` tells whether no other process has a run of a stack in this home."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        alone: Callable[[str], bool] = lambda _stack: False,
    ) -> None:
        self._database = database
        self._clock = clock
        self._alone = alone
        self._own: frozenset[str] = frozenset()

    # Runs.

    def begin_run(
        self,
        id: str,  # noqa: A002
        stack: str,
        command: str,
        plan_id: str | None = None,
        origin: RunOrigin = UNKNOWN_ORIGIN,
    ) -> None:
        """Write down that a run begins, or that the run of a saved plan is resumed, and who began it.

        CatalogError where the id was used for another stack.
        """
        now = self._clock()
        with self._database.writing() as connection:
            prune_runs(connection, now - KEPT_SECONDS)
            insert_run(connection, id, stack, plan_id, command, now, origin)
        self._own |= {id}

    def end_run(self, id: str, outcome: str) -> None:  # noqa: A002
        """Write down that a run ended, and how: `done`, `failed` or `interrupted`."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (self._clock(), outcome, id)
            )
        self._own -= {id}

    def alive(self, connection: sqlite3.Connection) -> frozenset[str]:
        """The ids of the runs of all stacks that may be under way."""
        return select_alive(connection, self._own, alone=self._alone)

    def runs(self, stack: str) -> tuple[Run, ...]:
        """The runs of a stack, oldest first."""
        with self._database.reading() as connection:
            return select_runs(connection, stack)

    def past_runs(self, stack: str | None) -> tuple[PastRun, ...]:
        """The runs of a stack, None: of all, that did something, newest first, without their calls."""
        with self._database.reading() as connection:
            return select_past_runs(connection, stack, self.alive(connection))

    def calls_of(self, run: str) -> tuple[PastCall, ...]:
        """The calls of a run, in their order."""
        with self._database.reading() as connection:
            return select_calls(connection, run)

    # Changes.

    def begin_change(self, run: str, change: str) -> None:
        """Write down that work on a change begins."""
        self._mark(run, change, BEGUN)

    def end_change(
        self, run: str, change: str, status: Status, message: str = "", amount: int | None = None
    ) -> None:
        """Write down the outcome of a change: why it is not done, and the number of things it is about."""
        self._mark(run, change, str(status), message, amount)

    def done_changes(self, run: str) -> frozenset[str]:
        """The ids of the changes that a run completed."""
        return self._changes(run, Status.DONE)

    def halfway_changes(self, run: str) -> frozenset[str]:
        """The ids of the changes that a run began and did not complete: killed, failed or interrupted."""
        return self._changes(run, BEGUN, Status.FAILED, Status.SKIPPED)

    # Calls.

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
        """Write down the intent of a changing call, and return its id for `settle` or `fail`.

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
        """Write down the answer to a call."""
        self._close(id, pack(without_secrets(result or {})), None)

    def fail(self, id: int, reason: str) -> None:  # noqa: A002
        """Write down that a call certainly changed nothing."""
        self._close(id, None, reason)

    def unsettled(self, stack: str) -> tuple[Intent, ...]:
        """The calls of a stack whose outcome is unknown, oldest first."""
        with self._database.reading() as connection:
            return select_unsettled(connection, stack)

    def count_calls(self, run: str, change: str) -> int:
        """The number of calls that a run has written down for a change."""
        with self._database.reading() as connection:
            query = "SELECT COUNT(*) FROM calls WHERE run = ? AND change = ?"
            return int(connection.execute(query, (run, change)).fetchone()[0])

    # What calls made.

    def made_key_pairs(self, run: str, change: str) -> tuple[str, ...]:
        """The names of key pairs that a run made for a change, or may have made, and did not delete."""
        with self._database.reading() as connection:
            return key_pairs.select_made(connection, run, change)

    def left_key_pairs(self, stack: str, service: str) -> tuple[str, ...]:
        """The names of those that all runs of a stack which are over left on one service."""
        with self._database.reading() as connection:
            return key_pairs.select_left(connection, stack, service, self.alive(connection))

    def key_pairs(self) -> tuple[MadeKeyPair, ...]:
        """The key pairs of every stack in this home, oldest first."""
        with self._database.reading() as connection:
            return key_pairs.select_all(connection, self.alive(connection))

    def forget_key_pair(self, name: str) -> None:
        """Write down that a key pair was deleted, whichever run made it."""
        with self._database.writing() as connection:
            key_pairs.mark_deleted(connection, name, self._clock())

    def deregistered(self, stack: str) -> tuple[Deregistered, ...]:
        """The images that runs of a stack deregistered, or may have, oldest first."""
        with self._database.reading() as connection:
            return select_deregistered(connection, stack)

    def uploaded(self, stack: str, service: str) -> Mapping[str, float]:
        """The keys in S3 that runs of a stack which are over uploaded to on a service, each with the time of
        the last call (seconds since the epoch; infinite for the prefix of a bundle)."""
        with self._database.reading() as connection:
            return select_uploaded(connection, stack, service, self.alive(connection))

    def unseen_seconds(self, service: str, resource: str) -> float | None:
        """How long ago runs of this home made a machine, a snapshot or an image that was not listed since;
        None where they did not, or it was."""
        with self._database.reading() as connection:
            made_at = select_unseen(connection, service, resource)
        return None if made_at is None else self._clock() - made_at

    def history(self, service: str) -> ServiceHistory:
        """The calls on a service, over all stacks."""
        return ServiceHistory(self._database, service)

    def _mark(self, run: str, change: str, status: str, message: str = "", amount: int | None = None) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO changes (run, change, status, at, amount, message)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (run, change, status, self._clock(), amount, printable(message) or None),
            )

    def _changes(self, run: str, *statuses: str) -> frozenset[str]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT change, status FROM changes WHERE run = ?", (run,)).fetchall()
        return frozenset(row["change"] for row in rows if row["status"] in statuses)

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

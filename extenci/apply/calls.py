"""Journals calls under the run and the change that make them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extenci.catalog.journal.journal import Journal

RECOVERY = "recovery"
"""The journal's name for the command of runs that recover from dead ones."""


@dataclass(frozen=True)
class JournalCalls:
    """The `Calls` of one change of a run, on one service. `run` gives the run's id, once it is needed."""

    journal: Journal
    run: Callable[[], str]
    change: str
    service: str

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """See `Calls.begin`."""
        return self.journal.begin(
            call,
            run=self.run(),
            change=self.change,
            service=self.service,
            token=token,
            request=request,
            tags=tags,
        )

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """See `Calls.settle`."""
        self.journal.settle(intent, result)

    def fail(self, intent: int, reason: str) -> None:
        """See `Calls.fail`."""
        self.journal.fail(intent, reason)

    def unseen_seconds(self, resource: str) -> float | None:
        """See `Calls.unseen_seconds`."""
        return self.journal.unseen_seconds(self.service, resource)


class RecoveryRun:
    """A run of its own for the changes that recovery makes. Most make none, so it is journalled with its
    first call."""

    def __init__(self, journal: Journal, stack: str) -> None:
        self.journal = journal
        self.stack = stack
        self._id: str | None = None

    def calls(self, service: str) -> JournalCalls:
        """The `Calls` of the recovery on one service, which also settles the intents of dead runs."""
        return JournalCalls(self.journal, self.begin, f"recover {service}", service)

    def begin(self) -> str:
        """Journal that the run begins, once; its id."""
        if self._id is None:
            self._id = uuid.uuid4().hex
            self.journal.begin_run(self._id, self.stack, RECOVERY)
        return self._id

    def end(self) -> None:
        """Journal that the run ended, if it began."""
        if self._id is not None:
            self.journal.end_run(self._id, "done")
            self._id = None

"""The surroundings of a job of the API while it runs: progress on stderr, and signals."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from extenci.cli.progress import open_progress
from extenci.cli.signals import Stopping

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.model.outcome import Listener, Progress, Result

T = TypeVar("T")
WAITING_STATUS = 3


class Job:
    """A job that shows its progress, and that Ctrl-C stops: in an orderly way, or with `at_once` at once.
    `listener` is told about the progress, too. `gives_reasons`: the result is for programs, so the progress
    tells people why a change is not done."""

    def __init__(
        self, *, at_once: bool = False, listener: Listener | None = None, gives_reasons: bool = False
    ) -> None:
        self.progress = open_progress(gives_reasons=gives_reasons)
        self._listener = listener
        self.stopping = Stopping(at_once=at_once)

    def run(self, start: Callable[[Options], T], options: Options) -> T:
        """Start the job with these options and those of its surroundings; return what it returns."""
        options = replace(options, listener=self._listen, stop=self.stopping.event, command=command_line())
        try:
            with self.stopping.handling():
                return start(options)
        finally:
            self.progress.pause()

    def _listen(self, event: Progress) -> None:
        self.progress.listen(event)
        if self._listener is not None:
            self._listener(event)


def exit_status(result: Result) -> int:
    """0 done; 3 where all that is not done waits for a person; otherwise 1."""
    if result.ok:
        return 0
    return WAITING_STATUS if result.waits else 1


def command_line() -> str:
    """The command as it was typed, to tell others who holds the lock."""
    return shlex.join(["extenci", *sys.argv[1:]])

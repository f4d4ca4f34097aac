"""Ctrl-C and SIGTERM while a plan is made or applied."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

from extenci.cli.terminal import write_aside

STOPPING = "\nStopping: started calls are finished and recorded. Press Ctrl-C again to stop at once.\n"
STOPPED = (
    "\nStopped at once. What was under way may be left: the same command goes on, `extenci gc` removes it.\n"
)
SHOW_CURSOR = "\x1b[?25h"


class Stopping:
    """The first signal sets `event`, so that the job settles; the second ends the process at once, which the
    journal survives. While `at_once` is set (a question waits, or nothing is being changed), the first one
    raises KeyboardInterrupt, too."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.event = Event()
        self.at_once = at_once

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.event.is_set():
            if sys.stderr.isatty():
                os.write(2, SHOW_CURSOR.encode())
            if not self.at_once:
                os.write(2, STOPPED.encode())
            os._exit(1)
        self.event.set()
        if self.at_once:
            raise KeyboardInterrupt
        write_aside(STOPPING)

    @contextmanager
    def handling(self) -> Iterator[Stopping]:
        """Handle the signals while the block runs."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let signals interrupt at once while the block runs: a question waits."""
        before, self.at_once = self.at_once, True
        try:
            yield
        finally:
            self.at_once = before

"""Progress on stderr: drawn on a terminal, as lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol

from extenci.cli.terminal import write_aside

if TYPE_CHECKING:
    from extenci.model.outcome import Progress


class ProgressView(Protocol):
    """Shows events from any thread."""

    def listen(self, event: Progress) -> None:
        """Show an event; never raises."""

    def pause(self) -> None:
        """Clear the drawing, so that something else can be printed; the next event draws it again."""


class ProgressLog:
    """Progress as lines, for logs. `gives_reasons`: nothing else will tell why a change is not done."""

    def __init__(self, *, gives_reasons: bool = False) -> None:
        from extenci.report.result.progress import ProgressLines

        self._lines = ProgressLines(gives_reasons=gives_reasons)
        self._lock = threading.Lock()

    def listen(self, event: Progress) -> None:
        """Print the lines of an event."""
        with self._lock:
            lines = self._lines.lines(event, time.monotonic())
            if lines:
                write_aside("\n".join(lines) + "\n")

    def pause(self) -> None:
        """Do nothing: nothing is drawn."""


def open_progress(*, gives_reasons: bool = False) -> ProgressView:
    """The view that suits stderr. `gives_reasons`: no text will tell afterwards why a change is not done."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from extenci.cli.live_progress import LiveProgress

        return LiveProgress(gives_reasons=gives_reasons)
    return ProgressLog(gives_reasons=gives_reasons)

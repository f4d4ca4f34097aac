"""Events on stdout: one JSON object a line."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from extenci.cli.terminal import write_result
from extenci.report.result.events import (
    EventDocuments,
    error_event,
    planned_event,
    render_event,
    result_event,
)

if TYPE_CHECKING:
    from extenci.model.errors import ExtenciError
    from extenci.model.outcome import Progress, Result
    from extenci.model.plan import Plan


class EventStream:
    """Writes what happens as soon as it happens. Any thread may tell it."""

    def __init__(self) -> None:
        self._documents = EventDocuments()
        self._lock = threading.Lock()

    def listen(self, event: Progress) -> None:
        """Tell an event of the run."""
        with self._lock:
            self._write(self._documents.of_progress(event, time.time()))

    def plan(self, plan: Plan) -> None:
        """Tell the plan."""
        with self._lock:
            self._write(planned_event(plan, time.time()))

    def result(self, result: Result) -> None:
        """Tell the result."""
        with self._lock:
            self._write(result_event(result, time.time()))

    def error(self, error: ExtenciError) -> None:
        """Tell why there is no result."""
        with self._lock:
            self._write(error_event(error, time.time()))

    @staticmethod
    def _write(document: dict[str, object] | None) -> None:
        if document is not None:
            write_result(render_event(document))

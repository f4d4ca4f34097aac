"""Progress drawn on a terminal: a line for each change at work, below the lines of those that have ended."""

from __future__ import annotations

import threading

from rich import progress as rich_progress
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from extenci.model.outcome import Advanced, Began, Ended, Noted, Outcome, Progress, Status
from extenci.model.plan import Change
from extenci.report.result.progress import advance_text, ended_lines
from extenci.report.text.safe import safe

STYLES = {Status.DONE: "green", Status.FAILED: "bold red"}


class LiveProgress:
    """Draws the changes at work. Any thread may tell it events; nothing is drawn while nothing is at work."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._lock = threading.RLock()
        self._tasks: dict[str, TaskID] = {}
        self._first: dict[str, int] = {}
        self._progress = self._make()

    def listen(self, event: Progress) -> None:
        """Show an event."""
        with self._lock:
            match event:
                case Began(change=change):
                    self._task(change)
                case Advanced(change=change):
                    self._advance(event, self._task(change))
                case Noted(change=change, text=text):
                    label = f"{change.id}: " if change else ""
                    for line in text.splitlines():
                        self._print(f"{label}{line}")
                case Ended(change=change, outcome=outcome):
                    self._end(change, outcome)

    def pause(self) -> None:
        """Clear the drawing."""
        with self._lock:
            self._progress.stop()
            self._progress = self._make()
            self._tasks.clear()
            self._first.clear()

    def _make(self) -> rich_progress.Progress:
        return rich_progress.Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )

    def _task(self, change: Change) -> TaskID:
        if change.id not in self._tasks:
            self._tasks[change.id] = self._progress.add_task(safe(change.id), total=None, state="")
            self._progress.start()
        return self._tasks[change.id]

    def _advance(self, event: Advanced, task: TaskID) -> None:
        first = self._first.setdefault(event.change.id, event.done)
        seconds = next((each.elapsed or 0.0 for each in self._progress.tasks if each.id == task), 0.0)
        state = advance_text(event, event.done - first, seconds)
        self._progress.update(task, completed=event.done, total=event.total, state=state)

    def _end(self, change: Change, outcome: Outcome) -> None:
        for line in ended_lines(change, outcome):
            self._print(line, STYLES.get(outcome.status, "yellow"))
        task = self._tasks.pop(change.id, None)
        if task is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self.pause()

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(Text(safe(line), style=style), soft_wrap=True)

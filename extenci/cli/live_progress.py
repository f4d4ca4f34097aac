"""Progress drawn on a terminal: a line for each change at work, below the lines of those that have ended."""

from __future__ import annotations

import threading

from rich import progress as rich_progress
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from extenci.model.outcome import Advanced, Began, Ended, Noted, Outcome, Progress, Status, Underway
from extenci.model.plan import Change
from extenci.report.result.progress import advance_text, ended_lines, shorten, step_text
from extenci.report.text.safe import safe

STATE_WIDTH = 40
"""Characters of `100 of 200 MiB left, 85.5 MiB/s, 1 min 20 s to go` that are always shown."""
STEP_WIDTH = 24
TIME_WIDTH = 7
BAR_WIDTH = 20
WIDE = 100
"""Columns from which on a terminal has room for a bar."""

STYLES = {Status.DONE: "green", Status.FAILED: "bold red"}


class LiveProgress:
    """Draws the changes at work. Any thread may tell it events; nothing is drawn while nothing is at work.
    `gives_reasons`: nothing else will tell why a change is not done."""

    def __init__(self, *, gives_reasons: bool = False) -> None:
        self._console = Console(stderr=True)
        self._gives_reasons = gives_reasons
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
                case Underway(change=change):
                    state = step_text(event, STEP_WIDTH)
                    self._progress.update(self._task(change), completed=0, total=None, state=state)
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
        bars = [BarColumn(bar_width=BAR_WIDTH)] if self._console.width >= WIDE else []
        return rich_progress.Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            *bars,
            TextColumn("{task.fields[state]}", markup=False, table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=TIME_WIDTH)),
            console=self._console,
            transient=True,
        )

    def _task(self, change: Change) -> TaskID:
        if change.id not in self._tasks:
            bar = BAR_WIDTH + 1 if self._console.width >= WIDE else 0
            room = max(20, self._console.width - STATE_WIDTH - TIME_WIDTH - bar - 3)
            label = shorten(safe(change.id), room)
            self._tasks[change.id] = self._progress.add_task(label, total=None, state="")
            self._progress.start()
        return self._tasks[change.id]

    def _advance(self, event: Advanced, task: TaskID) -> None:
        first = self._first.setdefault(event.change.id, event.done)
        seconds = next((each.elapsed or 0.0 for each in self._progress.tasks if each.id == task), 0.0)
        state = advance_text(event, event.done - first, seconds)
        self._progress.update(task, completed=event.done, total=event.total, state=state)

    def _end(self, change: Change, outcome: Outcome) -> None:
        for line in ended_lines(change, outcome, gives_reasons=self._gives_reasons):
            self._print(line, STYLES.get(outcome.status, "yellow"))
        task = self._tasks.pop(change.id, None)
        if task is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self.pause()

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(Text(safe(line), style=style), soft_wrap=True)

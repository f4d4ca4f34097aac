"""Progress as lines of a log, for use without a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from extenci.model.outcome import Advanced, Began, Ended, Noted, Outcome, Progress, Status, Underway
from extenci.model.plan import Change
from extenci.report.plan.phrases import headline
from extenci.report.result.statuses import UNDONE
from extenci.report.text.quantities import duration, rate, remainder
from extenci.report.text.safe import safe

EVERY_SECONDS = 5.0


@dataclass
class Track:
    """When a change was last reported, and from where its rate counts (seconds, units)."""

    said: float
    since: float
    first: int | None = None


@dataclass
class ProgressLines:
    """Turns events into lines: every start, step, end and note, and the advance of each change at most once
    in `every` seconds. `gives_reasons`: nothing else will tell why a change is not done. Not safe for several
    threads: the caller holds a lock, and passes the time in."""

    every: float = EVERY_SECONDS
    gives_reasons: bool = False
    _tracks: dict[str, Track] = field(default_factory=dict)

    def lines(self, event: Progress, now: float) -> list[str]:
        """The lines to print for an event. `now` is in seconds, of any monotonic clock."""
        match event:
            case Began(change=change):
                self._tracks[change.id] = Track(now, now)
                return [f"{safe(change.id)}: {headline(change)} …"]
            case Advanced():
                return self._advance(event, now)
            case Underway(change=change):
                return [f"{safe(change.id)}: {step_text(event)} …"]
            case Noted(change=change, text=text):
                label = f"{safe(change.id)}: " if change else ""
                return [f"{label}{safe(line)}" for line in text.splitlines()]
            case Ended(change=change, outcome=outcome):
                self._tracks.pop(change.id, None)
                return ended_lines(change, outcome, gives_reasons=self.gives_reasons)

    def _advance(self, event: Advanced, now: float) -> list[str]:
        track = self._tracks.setdefault(event.change.id, Track(now, now))
        if track.first is None:
            track.first, track.since = event.done, now
        if now - track.said < self.every:
            return []
        track.said = now
        return [
            f"{safe(event.change.id)}: {advance_text(event, event.done - track.first, now - track.since)}"
        ]


def advance_text(event: Advanced, gained: int, seconds: float) -> str:
    """`80 of 200 MiB left, 10 MiB/s, 8 s to go`, `2 of 3 machines`. The rate is `gained` units in
    `seconds`."""
    if event.unit != "bytes":
        return f"{event.done} of {event.total} {safe(event.unit)}"
    left = event.total - event.done
    text = remainder(left, event.total)
    if gained <= 0 or seconds <= 0:
        return text
    togo = f", {duration(left * seconds / gained)} to go" if left else ""
    return f"{text}, {rate(gained, seconds)}{togo}"


def step_text(event: Underway, most: int = 200) -> str:
    """`ssh uptime, until 14:03:10`, in local time; of the step, at most so many characters."""
    ends = event.until
    until = "" if ends is None else f", until {datetime.fromtimestamp(ends).astimezone():%H:%M:%S}"
    return shorten(safe(event.text), most) + until


def shorten(text: str, most: int) -> str:
    """A text, or its beginning with an ellipsis, of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def ended_lines(change: Change, outcome: Outcome, *, gives_reasons: bool = False) -> list[str]:
    """The end of a change; with `gives_reasons`, why it is not done and what to do. Otherwise the result
    tells that."""
    label, status = safe(change.id), outcome.status
    if status is Status.DONE:
        text = f"done in {duration(outcome.seconds)}"
    else:
        after = f" after {duration(outcome.seconds)}" if status is Status.FAILED else ""
        text = f"{UNDONE[status]}{after}"
    why = [*outcome.message.splitlines(), *outcome.hint.splitlines()] if gives_reasons else []
    return [f"{label}: {line}" for line in (text, *map(safe, why))]

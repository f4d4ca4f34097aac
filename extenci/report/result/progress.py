"""Progress as lines of a log, for use without a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field

from extenci.model.outcome import Advanced, Began, Ended, Noted, Outcome, Progress, Status
from extenci.model.plan import Change
from extenci.report.plan.phrases import headline
from extenci.report.text.quantities import duration, portion, rate
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
    """Turns events into lines: every start, end and note, and the advance of each change at most once in
    `every` seconds. Not safe for several threads: the caller holds a lock, and passes the time in."""

    every: float = EVERY_SECONDS
    _tracks: dict[str, Track] = field(default_factory=dict)

    def lines(self, event: Progress, now: float) -> list[str]:
        """The lines to print for an event. `now` is in seconds, of any monotonic clock."""
        match event:
            case Began(change=change):
                self._tracks[change.id] = Track(now, now)
                return [f"{safe(change.id)}: {headline(change)} …"]
            case Advanced():
                return self._advance(event, now)
            case Noted(change=change, text=text):
                label = f"{safe(change.id)}: " if change else ""
                return [f"{label}{safe(line)}" for line in text.splitlines()]
            case Ended(change=change, outcome=outcome):
                self._tracks.pop(change.id, None)
                return ended_lines(change, outcome)

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
    """`120 of 200 MiB, 85 MiB/s`, `2 of 3 machines`. The rate is `gained` units in `seconds`."""
    if event.unit != "bytes":
        return f"{event.done} of {event.total} {safe(event.unit)}"
    speed = rate(gained, seconds) if gained > 0 else ""
    return portion(event.done, event.total) + (f", {speed}" if speed else "")


def ended_lines(change: Change, outcome: Outcome) -> list[str]:
    """The end of a change; if it is not done, the reason and what to do."""
    label = safe(change.id)
    ends = {
        Status.DONE: f"done in {duration(outcome.seconds)}",
        Status.FAILED: f"FAILED after {duration(outcome.seconds)}",
        Status.BLOCKED: "not done, because a change before it was not done",
        Status.SKIPPED: "not done, because the run was interrupted",
    }
    why = [*outcome.message.splitlines(), *outcome.hint.splitlines()]
    return [f"{label}: {text}" for text in (ends[outcome.status], *map(safe, why))]

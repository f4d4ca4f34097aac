"""What happens while a plan is carried out, as JSON: one object an event.

The last event is the result, or the error for which there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from extenci.model.errors import ExtenciError
from extenci.model.outcome import Advanced, Began, Ended, Noted, Progress, Result, Underway
from extenci.model.plan import Plan
from extenci.report.plan.json import plan_document
from extenci.report.result.json import outcome_fields, result_document

EVENTS_JSON_VERSION = 1
EVERY_SECONDS = 1.0


@dataclass
class EventDocuments:
    """Turns what happens into documents. Of the advance of a change there is at most one in `every` seconds,
    and the one that completes it. Not safe for several threads: the caller holds a lock. Times are in seconds
    since the epoch."""

    every: float = EVERY_SECONDS
    _said: dict[str, float] = field(default_factory=dict)

    def of_progress(self, event: Progress, now: float) -> dict[str, object] | None:
        """The document of an event, None for one that is not worth telling."""
        match event:
            case Began(change=change):
                return document(
                    "begun",
                    now,
                    change=change.id,
                    address=str(change.address),
                    kind=str(change.kind),
                    action=str(change.action),
                    count=change.count,
                )
            case Advanced(change=change, done=done, total=total, unit=unit):
                if done < total and now - self._said.get(change.id, 0.0) < self.every:
                    return None
                self._said[change.id] = now
                return document("progress", now, change=change.id, done=done, total=total, unit=unit)
            case Underway():
                return None
            case Noted(change=about, text=text):
                return document("noted", now, change=about.id if about else None, text=text)
            case Ended(change=change, outcome=outcome):
                return document("ended", now, change=change.id, **outcome_fields(outcome))


def planned_event(plan: Plan, now: float) -> dict[str, object]:
    """The plan that is to be carried out."""
    return document("planned", now, plan=plan_document(plan))


def result_event(result: Result, now: float) -> dict[str, object]:
    """The result, as of `--format json`."""
    return document("result", now, result=result_document(result))


def error_event(error: ExtenciError, now: float) -> dict[str, object]:
    """The error for which there is no result."""
    return document("error", now, message=error.message, hint=error.hint)


def document(event: str, now: float, **fields: object) -> dict[str, object]:
    """One event."""
    return {"format_version": EVENTS_JSON_VERSION, "event": event, "time": round(now, 3), **fields}


def render_event(event: Mapping[str, object]) -> str:
    """One line, in pure ASCII."""
    return json.dumps(event, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"

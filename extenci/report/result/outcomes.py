"""The changes of a plan with their outcomes."""

from __future__ import annotations

from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Change


def outcomes_of(result: Result) -> tuple[tuple[Change, Outcome], ...]:
    """Every change with its outcome, in plan order. A change without one was never started."""
    known = {outcome.change: outcome for outcome in result.outcomes}
    return tuple(
        (change, known.get(change.id) or Outcome(change.id, Status.SKIPPED)) for change in result.plan.changes
    )

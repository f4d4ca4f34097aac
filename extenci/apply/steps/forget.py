"""The step that changes the records only."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.model.outcome import Outcome, Status
from extenci.model.work import ForgetWork


def forget_records(work: ForgetWork, context: ChangeContext) -> Outcome:
    """Drop the records of resources that no longer exist."""
    context.records.forget(work.resources)
    return Outcome(context.change.id, Status.DONE)

"""The step that unstages an image."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.model.outcome import Outcome, Status
from extenci.model.work import UnstageWork
from extenci.stage import unstage as staging


def unstage(work: UnstageWork, context: ChangeContext) -> Outcome:
    """Deregister an image and delete the snapshots that nothing else uses."""
    for warning in staging.unstage(work.image, work.snapshots, context.staging()):
        context.note(warning)
    context.records.forget([*work.snapshots, *([work.image] if work.image else [])])
    return Outcome(context.change.id, Status.DONE)

"""The step that registers an image of a snapshot that is there."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.images import image_name, staged
from extenci.model.errors import PlanError
from extenci.model.outcome import Outcome
from extenci.model.ownership import PLAN
from extenci.model.work import RegisterWork
from extenci.stage import register as staging


def register(work: RegisterWork, context: ChangeContext) -> Outcome:
    """Register an image of a snapshot that is there, or that another change of the plan has made."""
    snapshot = work.snapshot or context.made_by(work.staged_by).snapshot
    if snapshot is None:
        raise PlanError(f"The change {work.staged_by} made no snapshot to register an image of.")
    name, tags = image_name(work, context), {**work.tags, PLAN: context.run.run}
    made = staging.register(name, snapshot, work.version.registration, tags, context.staging())
    return staged(made, work, context)

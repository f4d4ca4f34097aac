"""The step that stages a version: its disk is uploaded and registered."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.images import image_name, staged
from extenci.model.outcome import Outcome
from extenci.model.ownership import PLAN
from extenci.model.work import StageWork
from extenci.stage import methods
from extenci.stage.context import StageRequest


def stage(work: StageWork, context: ChangeContext) -> Outcome:
    """Upload a disk and register it."""
    launching = context.launching()
    request = StageRequest(
        version=work.version,
        source=work.source,
        size=work.size,
        blocks=work.blocks,
        name=image_name(work, context),
        tags={**work.tags, PLAN: context.run.run},
        token=launching.next_token(),
        pending=work.snapshot,
        sha256=work.sha256,
        parent=work.parent,
        may_be_spent=not context.run.is_new and launching.count_calls() == 0,
    )
    return staged(methods.stage(request, context.staging()), work, context)

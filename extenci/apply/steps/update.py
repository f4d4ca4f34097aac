"""The step that changes tags."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.model.outcome import Outcome, Status
from extenci.model.service import Tagging
from extenci.model.work import AdoptWork, UpdateWork


def update(work: UpdateWork | AdoptWork, context: ChangeContext) -> Outcome:
    """Set and remove tags of resources that are there, and in their records."""
    ec2, unset = context.changes.ec2, work.unset if isinstance(work, UpdateWork) else ()
    if context.clients.service.tags is not Tagging.NONE:
        if work.set:
            ec2.create_tags(work.resources, work.set)
        if unset:
            ec2.delete_tags(work.resources, unset)
    context.records.retag(work.resources, work.set, unset)
    return Outcome(context.change.id, Status.DONE)

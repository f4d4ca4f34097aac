"""The step that changes tags."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.model.outcome import Outcome, Status
from extenci.model.work import AdoptWork, UpdateWork


def update(work: UpdateWork | AdoptWork, context: ChangeContext) -> Outcome:
    """Set and remove tags of resources that are there."""
    ec2 = context.changes.ec2
    if work.set:
        ec2.create_tags(work.resources, work.set)
    if isinstance(work, UpdateWork) and work.unset:
        ec2.delete_tags(work.resources, work.unset)
    return Outcome(context.change.id, Status.DONE)

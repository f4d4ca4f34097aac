"""The step that takes existing resources under management."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.model.outcome import Outcome, Status
from extenci.model.record import ResourceKind
from extenci.model.service import Tagging
from extenci.model.work import ImportWork


def import_resources(work: ImportWork, context: ChangeContext) -> Outcome:
    """Set and remove the tags of resources, where the service keeps any, and record them as owned."""
    ec2 = context.changes.ec2
    if context.clients.service.tags is not Tagging.NONE:
        ec2.create_tags(work.resources, work.set)
        if work.unset:
            ec2.delete_tags(work.resources, work.unset)
    for kind, ids in (
        (ResourceKind.IMAGE, work.images),
        (ResourceKind.SNAPSHOT, work.snapshots),
        (ResourceKind.MACHINE, work.machines),
    ):
        context.records.remember(kind, ids, work.set)
    return Outcome(context.change.id, Status.DONE)

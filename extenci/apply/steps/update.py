"""The steps that change tags, or only the records."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.records import forget
from extenci.model.journal import written_down
from extenci.model.outcome import Outcome, Status
from extenci.model.work import AdoptWork, ForgetWork, UpdateWork


def do_update(work: UpdateWork | AdoptWork, context: ChangeContext) -> Outcome:
    """Set and remove tags of things that are there."""
    ec2, resources = context.staging.clients.ec2, list(work.resources)
    if work.set:
        shown = {"resources": resources}
        with written_down(context.staging.calls, "CreateTags", request=shown, tags=work.set) as settle:
            ec2.create_tags(resources, work.set)
            settle({})
    unset = list(work.unset) if isinstance(work, UpdateWork) else []
    if unset:
        shown = {"resources": resources, "keys": unset}
        with written_down(context.staging.calls, "DeleteTags", request=shown) as settle:
            ec2.delete_tags(resources, unset)
            settle({})
    return Outcome(context.change.id, Status.DONE)


def do_forget(work: ForgetWork, context: ChangeContext) -> Outcome:
    """Drop records of things that no longer exist."""
    forget(context, work.resources)
    return Outcome(context.change.id, Status.DONE)

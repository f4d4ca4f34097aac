"""The steps that change tags, or only the records."""

from __future__ import annotations

from extenci.apply.context import Bench
from extenci.apply.records import forget
from extenci.model.journal import written_down
from extenci.model.outcome import Outcome, Status
from extenci.model.plan import AdoptWork, ForgetWork, UpdateWork


def do_update(work: UpdateWork | AdoptWork, bench: Bench) -> Outcome:
    """Set and remove tags of things that are there."""
    ec2, resources = bench.means.clients.ec2, list(work.resources)
    if work.set:
        shown = {"resources": resources}
        with written_down(bench.means.calls, "CreateTags", request=shown, tags=work.set) as settle:
            ec2.create_tags(resources, work.set)
            settle({})
    unset = list(work.unset) if isinstance(work, UpdateWork) else []
    if unset:
        shown = {"resources": resources, "keys": unset}
        with written_down(bench.means.calls, "DeleteTags", request=shown) as settle:
            ec2.delete_tags(resources, unset)
            settle({})
    return Outcome(bench.change.id, Status.DONE)


def do_forget(work: ForgetWork, bench: Bench) -> Outcome:
    """Drop records of things that no longer exist."""
    forget(bench, work.resources)
    return Outcome(bench.change.id, Status.DONE)

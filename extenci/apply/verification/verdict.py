"""Recording a verdict, and unstaging a version that failed."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.apply.context import ChangeContext
from extenci.model.abilities import Ability
from extenci.model.observed import Machine
from extenci.model.ownership import VERDICT, Role
from extenci.model.record import VerdictRecord
from extenci.model.service import Tagging
from extenci.model.text import counted
from extenci.model.verdict import Verdict, VerdictMark
from extenci.observe.service import observe_service
from extenci.stage.unstage import unstage


@dataclass(frozen=True)
class VerdictSubject:
    """The subject of a verdict: an image of a version, under one verify block. `aside`: it was tried in
    another way than its block says, so that only the catalog remembers the verdict."""

    image: str
    version: str
    verify_hash: str
    aside: bool = False


def record_verdict(subject: VerdictSubject, verdict: Verdict, summary: str, context: ChangeContext) -> None:
    """Record a verdict, on the image and in the catalog, so that every home sees it. NotFound where somebody
    removed the image meanwhile: then no verdict is recorded."""
    run = context.run
    takes_tags = context.clients.service.tags is not Tagging.NONE
    if takes_tags and not subject.aside and not context.clients.abilities.lacks(Ability.CREATE_TAGS):
        context.changes.ec2.create_tags(
            [subject.image], {VERDICT: str(VerdictMark(verdict, subject.verify_hash))}
        )
    record = VerdictRecord(
        context.change.address, subject.version, subject.verify_hash, verdict, run.clock(), summary
    )
    run.catalog.record_verdict(run.stack, record)


def unstage_failed(subject: VerdictSubject, context: ChangeContext) -> str:
    """Unstage a version that failed, unless machines use it; a sentence about the outcome."""
    ec2, run = context.clients.ec2, context.run
    records = run.catalog.records(run.stack)
    state = observe_service(context.clients, run.stack, records, run.clock, context.stop)
    image = next((one for one in state.images if one.id == subject.image), None)
    if image is None:
        return "It is no longer staged."
    users = [
        machine.id
        for machine in ec2.machines_of_image(subject.image)
        if not machine.state.is_gone and not is_own_test(machine, context)
    ]
    if users:
        return f"It stays staged: it is used by {counted(len(users), 'machine')}."
    owned = {one.id for one in state.snapshots if one.marks and one.marks.stack == run.stack}
    own = tuple(name for name in image.snapshots if name in owned)
    for warning in unstage(image.id, own, context.staging()):
        context.note(warning)
    context.records.forget([image.id, *image.snapshots])
    return "It was unstaged."


def is_own_test(machine: Machine, context: ChangeContext) -> bool:
    """Whether a machine is a test VM of this very run; another run's needs the image."""
    marks = machine.marks
    return marks is not None and marks.role is Role.TEST and marks.plan == context.run.run

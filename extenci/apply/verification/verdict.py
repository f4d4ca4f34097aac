"""Writing down what became of a trial, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.apply.context import Bench
from extenci.apply.records import forget
from extenci.model.address import Role, Tagging, Verdict
from extenci.model.journal import written_down
from extenci.model.observed import Image, Machine
from extenci.model.ownership import VERDICT
from extenci.model.record import VerdictRecord
from extenci.plan.part import counted
from extenci.stage.unstage import unstage


@dataclass(frozen=True)
class Tried:
    """What a verdict is about: an image of a version, under a trial. `aside`: not the one that its block asks
    for, so that only the catalog remembers it."""

    image: str
    version: str
    trial: str
    aside: bool = False


def record_verdict(tried: Tried, verdict: Verdict, summary: str, bench: Bench) -> None:
    """Remember a verdict, on the image and in the catalog, so that everyone who looks knows it. ThingNotFound
    where somebody removed the image meanwhile: then nothing is known of it."""
    workshop = bench.workshop
    if bench.means.tagging is not Tagging.NONE and not tried.aside:
        tags = {VERDICT: f"{verdict}:{tried.trial}"}
        shown = {"resources": [tried.image]}
        with written_down(bench.means.calls, "CreateTags", request=shown, tags=tags) as settle:
            bench.means.clients.ec2.create_tags([tried.image], tags)
            settle({})
    record = VerdictRecord(
        bench.change.address, tried.version, tried.trial, verdict, workshop.clock(), summary
    )
    workshop.catalog.record_verdict(workshop.stack, record)


def unstage_failed(tried: Tried, bench: Bench) -> str:
    """Unstage a version that failed, unless something uses it; what became of it, as a sentence."""
    ec2 = bench.means.clients.ec2
    image = next((one for one in ec2.images() if one.id == tried.image), None)
    if image is None:
        return "It is not staged any more."
    users = [
        machine.id
        for machine in ec2.machines_of_image(tried.image)
        if not machine.state.is_gone and not is_own_test(machine, bench)
    ]
    if users:
        return f"It stays staged: it is used by {counted(len(users), 'machine')}."
    for warning in unstage(image.id, own_snapshots(image, bench), bench.means):
        bench.note(warning)
    forget(bench, [image.id, *image.snapshots])
    return "It was unstaged."


def own_snapshots(image: Image, bench: Bench) -> tuple[str, ...]:
    """Those of an image's snapshots that are this stack's."""
    found = bench.means.clients.ec2.snapshots_by_id(image.snapshots)
    owned = {one.id for one in found if one.marks and one.marks.stack == bench.workshop.stack}
    if bench.means.tagging is not Tagging.CREATE:
        owned |= {record.id for record in bench.workshop.catalog.records(bench.workshop.stack).resources}
    return tuple(name for name in image.snapshots if name in owned)


def is_own_test(machine: Machine, bench: Bench) -> bool:
    """Whether a machine is a test VM of this very run: that of another one needs the image."""
    marks = machine.marks
    return marks is not None and marks.role is Role.TEST and marks.plan == bench.workshop.run

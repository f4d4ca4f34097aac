"""The steps that make images and remove them."""

from __future__ import annotations

from extenci.apply.context import Bench
from extenci.apply.executor import Made
from extenci.apply.records import forget, remember
from extenci.model.errors import PlanError
from extenci.model.outcome import Outcome, Status
from extenci.model.plan import RegisterWork, StageWork, UnstageWork
from extenci.model.record import ResourceKind
from extenci.stage.context import Job, Staged
from extenci.stage.method import stage
from extenci.stage.register import register
from extenci.stage.unstage import unstage


def do_stage(work: StageWork, bench: Bench) -> Outcome:
    """Upload a disk and register it."""
    job = Job(
        version=work.version,
        source=work.source,
        size=work.size,
        blocks=work.blocks,
        name=_image_name(work, bench),
        tags=bench.tags(work.tags),
        token=bench.token(bench.calls_so_far()),
        pending=work.snapshot,
        sha256=work.sha256,
        parent=work.parent,
    )
    return _staged(stage(job, bench.means), work, bench)


def do_register(work: RegisterWork, bench: Bench, made: Made) -> Outcome:
    """Register an image of a snapshot that is there."""
    snapshot = work.snapshot or _snapshot_of(work.staged_by or "", made)
    name, tags = _image_name(work, bench), bench.tags(work.tags)
    return _staged(register(name, snapshot, work.version.registration, tags, bench.means), work, bench)


def do_unstage(work: UnstageWork, bench: Bench) -> Outcome:
    """Deregister an image and delete the snapshots that nothing else uses."""
    for warning in unstage(work.image, work.snapshots, bench.means):
        bench.note(warning)
    forget(bench, [*work.snapshots, *([work.image] if work.image else [])])
    return Outcome(bench.change.id, Status.DONE)


def _staged(staged: Staged, work: StageWork | RegisterWork, bench: Bench) -> Outcome:
    remember(bench, ResourceKind.IMAGE, [staged.image], work.tags)
    if staged.snapshot:
        remember(bench, ResourceKind.SNAPSHOT, [staged.snapshot], work.tags)
    made = {"image": staged.image, "snapshot": staged.snapshot}
    return Outcome(bench.change.id, Status.DONE, made=made)


def _image_name(work: StageWork | RegisterWork, bench: Bench) -> str:
    return work.version.image_name(bench.change.address.name, bench.workshop.stack)


def _snapshot_of(change: str, made: Made) -> str:
    snapshot = made[change].made.get("snapshot") if change in made else None
    if not isinstance(snapshot, str):
        raise PlanError(f"The change {change} made no snapshot to register an image of.")
    return snapshot

"""The steps that make images and remove them."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.executor import Made
from extenci.apply.records import forget, remember
from extenci.model.errors import PlanError
from extenci.model.outcome import Outcome, Status
from extenci.model.record import ResourceKind
from extenci.model.work import RegisterWork, StageWork, UnstageWork
from extenci.stage.context import Staged, StageRequest
from extenci.stage.method import stage
from extenci.stage.register import register
from extenci.stage.unstage import unstage


def do_stage(work: StageWork, context: ChangeContext) -> Outcome:
    """Upload a disk and register it."""
    job = StageRequest(
        version=work.version,
        source=work.source,
        size=work.size,
        blocks=work.blocks,
        name=_image_name(work, context),
        tags=context.tags(work.tags),
        token=context.token(context.calls_so_far()),
        pending=work.snapshot,
        sha256=work.sha256,
        parent=work.parent,
    )
    return _staged(stage(job, context.staging), work, context)


def do_register(work: RegisterWork, context: ChangeContext, made: Made) -> Outcome:
    """Register an image of a snapshot that is there."""
    snapshot = work.snapshot or _snapshot_of(work.staged_by or "", made)
    name, tags = _image_name(work, context), context.tags(work.tags)
    return _staged(register(name, snapshot, work.version.registration, tags, context.staging), work, context)


def do_unstage(work: UnstageWork, context: ChangeContext) -> Outcome:
    """Deregister an image and delete the snapshots that nothing else uses."""
    for warning in unstage(work.image, work.snapshots, context.staging):
        context.note(warning)
    forget(context, [*work.snapshots, *([work.image] if work.image else [])])
    return Outcome(context.change.id, Status.DONE)


def _staged(staged: Staged, work: StageWork | RegisterWork, context: ChangeContext) -> Outcome:
    remember(context, ResourceKind.IMAGE, [staged.image], work.tags)
    if staged.snapshot:
        remember(context, ResourceKind.SNAPSHOT, [staged.snapshot], work.tags)
    made = {"image": staged.image, "snapshot": staged.snapshot}
    return Outcome(context.change.id, Status.DONE, made=made)


def _image_name(work: StageWork | RegisterWork, context: ChangeContext) -> str:
    return work.version.image_name(context.change.address.name, context.run_context.stack)


def _snapshot_of(change: str, made: Made) -> str:
    snapshot = made[change].made.get("snapshot") if change in made else None
    if not isinstance(snapshot, str):
        raise PlanError(f"The change {change} made no snapshot to register an image of.")
    return snapshot

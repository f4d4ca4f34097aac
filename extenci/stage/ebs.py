"""The method `ebs`: a snapshot written block by block (EBS direct APIs), and registered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from extenci.catalog.upload_notes import Upload, UploadNote
from extenci.image.block_list import BlockList
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.errors import (
    AccessRefused,
    DiskError,
    Interrupted,
    LimitReached,
    ServiceError,
    ThingNotFound,
)
from extenci.model.journal import is_sure, written_down
from extenci.model.observed import Snapshot, SnapshotState
from extenci.model.ownership import DIGEST, PARENT, PLAN
from extenci.model.records import Intent
from extenci.model.versions import Parent
from extenci.model.words import Tagging
from extenci.stage.job import KEPT, Job, Means, Staged
from extenci.stage.reading import Difference, check_fits, listed
from extenci.stage.register import register
from extenci.stage.sending import Sent, send_blocks
from extenci.stage.tagging import tag_after_birth
from extenci.stage.waiting import wait_for

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

TIMEOUT_MINUTES = 4320
"""An interrupted upload can be gone on with for three days after its last block, the most there is
(StartSnapshot, `Timeout`); then the service ends it. Part of what a token stands for: the same token with
another timeout is refused."""
ABOUT_BLOCKS = frozenset(
    ("INVALID_BLOCK", "INVALID_PARAMETER_VALUE", "CONFLICTING_BLOCK_UPDATE", "WRITE_REQUEST_TIMEOUT")
)
"""Reasons of a ValidationException that are about what was sent, and not about the snapshot's state."""
CONFLICT = "ConflictException"
"""The code for a token that stands for another request already (EBS direct API reference, StartSnapshot)."""
COMPLETION_SECONDS = 3600.0
SEALING_SECONDS = 600.0
"""How long a snapshot that takes no more blocks may go on saying `pending` before it is taken for one that
refuses for another reason: CompleteSnapshot answers at once and works on (EBS direct API reference, 202)."""


def stage(job: Job, means: Means) -> Staged:
    """Upload a disk and register it; see `upload` and `register`."""
    return registered(upload(job, means), job, means)


def registered(snapshot: str, job: Job, means: Means) -> Staged:
    """Register a job's image of the snapshot that was made for it; see `register`."""
    staged = register(job.name, snapshot, job.version.registration, job.tags, means)
    if staged.snapshot != snapshot:
        discard(snapshot, means)  # another run staged the same version at the same time
    return staged


def upload(job: Job, means: Means) -> str:
    """Make a completed snapshot of a disk; its id.

    What is sent must be what was planned (see `extenci.stage.sending`): otherwise DiskChanged, and the
    snapshot is deleted, as it is when the disk cannot be read. When the service fails or `stop` is set, the
    snapshot stays pending, to go on with. ServiceError and its kinds; Interrupted.
    """
    with means.open(job) as disk:
        if disk.size != job.size:
            raise other_content(job.source)
        with listed(disk, job, means) as blocks:
            check_fits(blocks, job)
            snapshot = _filled(disk, blocks, job, means)
    _wait_until_completed(snapshot, means)
    means.upload_notes.drop(means.clients.service.name, snapshot)
    return snapshot


def _filled(disk: RawDisk, blocks: BlockList, job: Job, means: Means) -> str:
    """A snapshot that holds a disk and takes no more blocks: an interrupted run's, or a new one."""
    with _parents_blocks(job, means) as before:
        started = _pending(job, before, means) or _start(job, before, means)
        if not started.is_full:
            with means.upload_notes.open(_upload(started, job, means)) as note:
                _fill(disk, Difference(blocks, before if started.parent else None), note, job, means)
    return started.snapshot


def _upload(started: Started, job: Job, means: Means) -> Upload:
    parent = started.parent.digest if started.parent else None
    return Upload(means.clients.service.name, started.snapshot, job.version.digest, parent)


@contextmanager
def _parents_blocks(job: Job, means: Means) -> Iterator[BlockList | None]:
    """The block list of the parent's disk; None where there is no parent or nobody here knows its blocks."""
    if job.parent is None:
        yield None
        return
    with means.block_lists.find(job.parent.digest) as found:
        yield found


def discard(snapshot: str, means: Means) -> None:
    """Delete a snapshot that nobody will need. One that is gone already is no error."""
    with written_down(means.calls, "DeleteSnapshot", request={"snapshot": snapshot}) as settle:
        with suppress(ThingNotFound):
            means.clients.ec2.delete_snapshot(snapshot)
        settle({"snapshot": snapshot})
    means.upload_notes.drop(means.clients.service.name, snapshot)


@dataclass(frozen=True)
class Started:
    """A snapshot to fill, or one that is full already; `parent`: what it takes over blocks from."""

    snapshot: str
    parent: Parent | None
    is_full: bool = False


def _pending(job: Job, before: BlockList | None, means: Means) -> Started | None:
    """The snapshot of an interrupted run to go on with. One that the service gave up goes; one that took over
    blocks of which nobody here knows what they are stays, for another home's run may be at it."""
    if job.pending is None:
        return None
    for found in means.clients.ec2.snapshots_by_id([job.pending]):
        if found.state is SnapshotState.COMPLETED:
            return Started(found.id, job.parent, is_full=True)
        if found.state is SnapshotState.ERROR:
            discard(found.id, means)
        elif job.parent is None or before is not None:
            _take_over(found, job, means)
            return Started(found.id, job.parent)
    return None


def _take_over(found: Snapshot, job: Job, means: Means) -> None:
    """Put this run's mark on a snapshot, so that nobody takes it for that of a run which is over. Where these
    credentials may not, it can still be filled."""
    plan = job.tags.get(PLAN)
    if means.tagging is Tagging.NONE or plan in (None, found.tags.get(PLAN)):
        return
    tags = {PLAN: plan}
    with (
        suppress(AccessRefused),
        written_down(means.calls, "CreateTags", request={"resources": [found.id]}, tags=tags) as settle,
    ):
        means.clients.ec2.create_tags([found.id], tags)
        settle({})


def repeat_start(intent: Intent, clients: Clients) -> str:
    """Make an unanswered StartSnapshot once more: the same token gives the same snapshot.

    For services whose snapshots are not tagged at birth; ServiceError and its kinds.
    """
    gib, name, parent = (intent.request.get(key) for key in ("gib", "name", "parent"))
    if not isinstance(gib, int):
        raise ServiceError("The journal does not say how large the snapshot was to be.", code="Unrepeatable")
    return _start_snapshot(gib, str(name), intent.token, {}, str(parent) if parent else None, clients)


def _start_snapshot(
    gib: int, name: str, token: str, tags: Mapping[str, str], parent: str | None, clients: Clients
) -> str:
    return clients.ebs.start_snapshot(
        gib, token, tags, description=f"extenci: {name}", timeout_minutes=TIMEOUT_MINUTES, parent=parent
    )


def _start(job: Job, before: BlockList | None, means: Means) -> Started:
    """Start a snapshot, at best from its parent. Where the service will have none of that (the parent is
    gone, or it knows no parents), the whole disk is sent."""
    if job.parent is None or before is None:
        return Started(_start_from(None, job.token, job, means), None)
    try:
        return Started(_start_from(job.parent, job.token, job, means), job.parent)
    except ServiceError as error:
        if not is_sure(error) or isinstance(error, AccessRefused | LimitReached):
            raise
    return Started(_start_from(None, _other_token(job.token), job, means), None)


def _start_from(parent: Parent | None, token: str, job: Job, means: Means) -> str:
    """Start a snapshot. Where a run of another home used the token for something else, as with a saved plan
    that is applied there too, by a token of its own."""
    try:
        return _start_with(parent, token, job, means)
    except ServiceError as error:
        if error.code != CONFLICT:
            raise
    return _start_with(parent, uuid4().hex, job, means)


def _start_with(parent: Parent | None, token: str, job: Job, means: Means) -> str:
    gib = job.version.registration.gib
    begun = parent.snapshot if parent else None
    request = {"gib": gib, "name": job.name, "parent": begun}
    tags = {**job.tags, **({PARENT: str(parent)} if parent else {})}
    with written_down(means.calls, "StartSnapshot", token=token, request=request, tags=tags) as settle:
        birth = means.tags_at_birth(tags)
        snapshot = _start_snapshot(gib, job.name, token, birth, begun, means.clients)
        settle({"snapshot": snapshot})
    tag_after_birth(snapshot, tags, means)
    return snapshot


def _other_token(token: str) -> str:
    """Another token than that of a start from a parent: with other parameters, the same one is refused."""
    return hashlib.sha256(f"{token} whole".encode()).hexdigest()


def _fill(disk: RawDisk, difference: Difference, note: UploadNote, job: Job, means: Means) -> None:
    snapshot = note.upload.snapshot
    try:
        sent = send_blocks(disk, difference, note, job, means)
    except DiskError as error:
        _discard_after(error, snapshot, means)
        raise
    except Interrupted as error:
        error.hint = KEPT
        raise
    except ServiceError as error:
        if snapshot == job.pending and _was_sealed_earlier(error, snapshot, job, means):
            return
        raise
    _complete(snapshot, sent, job, means)


def _was_sealed_earlier(refusal: ServiceError, snapshot: str, job: Job, means: Means) -> bool:
    """Whether a snapshot takes nothing more because an attempt before this one sealed it, and the answer was
    lost or its run killed. It is right then: only a disk whose digest was compared is ever sealed.

    The service says `pending` for a while after it was sealed, so this waits for what becomes of it.
    """
    if not is_sure(refusal) or isinstance(refusal, AccessRefused | LimitReached | ThingNotFound):
        return False
    if refusal.reason in ABOUT_BLOCKS:
        return False
    deadline = means.clock() + SEALING_SECONDS

    def look() -> bool | None:
        found = _find(snapshot, means)
        if found is not None and found.state is SnapshotState.PENDING and means.clock() < deadline:
            return None
        return found is not None and found.state is SnapshotState.COMPLETED and _is_of(job, found)

    return wait_for(look, means, COMPLETION_SECONDS, f"the snapshot {snapshot} was complete")


def _is_of(job: Job, snapshot: Snapshot) -> bool:
    """Whether its tags name the job's content. Without tags, the records said so when it was planned."""
    return snapshot.tags.get(DIGEST, job.version.digest) == job.version.digest


def _complete(snapshot: str, sent: Sent, job: Job, means: Means) -> None:
    """Seal the snapshot. One that the service refuses to seal holds blocks of another disk, from an earlier
    run: it can never be right, and goes."""
    request = {"snapshot": snapshot, "blocks": sent.blocks}
    try:
        with written_down(means.calls, "CompleteSnapshot", token=job.token, request=request) as settle:
            means.clients.ebs.complete(snapshot, sent.blocks, sent.linear_sha256)
            settle({"snapshot": snapshot})
    except ServiceError as error:
        if _state(snapshot, means) is SnapshotState.COMPLETED:
            return  # the answer to an earlier attempt was lost
        if _was_sealed_earlier(error, snapshot, job, means):
            return
        if is_sure(error) and not isinstance(error, AccessRefused):
            _discard_after(error, snapshot, means)
        raise


def _wait_until_completed(snapshot: str, means: Means) -> None:
    def look() -> bool | None:
        match _state(snapshot, means):
            case SnapshotState.COMPLETED:
                return True
            case SnapshotState.ERROR:
                raise ServiceError(
                    f"The service {means.clients.service.name} failed to make the snapshot {snapshot}.",
                    "Apply again: the disk is sent anew.",
                    service=means.clients.service.name,
                )
            case _:
                return None

    wait_for(look, means, COMPLETION_SECONDS, f"the snapshot {snapshot} was complete")


def _state(snapshot: str, means: Means) -> SnapshotState | None:
    found = _find(snapshot, means)
    return found.state if found else None


def _find(snapshot: str, means: Means) -> Snapshot | None:
    found = means.clients.ec2.snapshots_by_id([snapshot])
    return found[0] if found else None


def _discard_after(error: DiskError | ServiceError, snapshot: str, means: Means) -> None:
    """Delete the snapshot on the way out; where that fails, the error says that it is left."""
    try:
        discard(snapshot, means)
    except ServiceError as problem:
        error.hint = f"{error.hint}\nThe snapshot {snapshot} is left there: {problem.message}".strip()

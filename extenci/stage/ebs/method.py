"""The method `ebs`: a snapshot written block by block (EBS direct APIs), and registered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from extenci.catalog.disks.upload_notes import Upload, UploadNote
from extenci.image.block_list import BlockList
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.errors import DiskError, Interrupted, ServiceError
from extenci.stage.context import KEPT, StageContext, Staged, StageRequest
from extenci.stage.ebs.difference import Difference, check_fits, listed
from extenci.stage.ebs.seal import seal, wait_until_sealed, was_sealed_earlier
from extenci.stage.ebs.send import send_blocks
from extenci.stage.ebs.start import Started, find_pending, start
from extenci.stage.register import register
from extenci.stage.snapshots import discard, discard_after


def stage(job: StageRequest, context: StageContext) -> Staged:
    """Upload a disk and register it; see `upload` and `register`."""
    return registered(upload(job, context), job, context)


def registered(snapshot: str, job: StageRequest, context: StageContext) -> Staged:
    """Register a job's image of the snapshot that was made for it; see `register`."""
    staged = register(job.name, snapshot, job.version.registration, job.tags, context)
    if staged.snapshot != snapshot:
        discard(snapshot, context)  # another run staged the same version at the same time
    return staged


def upload(job: StageRequest, context: StageContext) -> str:
    """Make a completed snapshot of a disk; its id.

    What is sent must be what was planned (see `extenci.stage.ebs.send`): otherwise DiskChanged, and the
    snapshot is deleted, as it is when the disk cannot be read. When the service fails or `stop` is set, the
    snapshot stays pending, to go on with. ServiceError and its kinds; Interrupted.
    """
    with context.open(job) as disk:
        if disk.size != job.size:
            raise other_content(job.source)
        with listed(disk, job, context) as blocks:
            check_fits(blocks, job)
            snapshot = _filled(disk, blocks, job, context)
    wait_until_sealed(snapshot, context)
    context.upload_notes.drop(context.clients.service.name, snapshot)
    return snapshot


def _filled(disk: RawDisk, blocks: BlockList, job: StageRequest, context: StageContext) -> str:
    """A snapshot that holds a disk and takes no more blocks: an interrupted run's, or a new one."""
    with _parents_blocks(job, context) as before:
        started = find_pending(job, before, context) or start(job, before, context)
        if not started.is_full:
            with context.upload_notes.open(_upload(started, job, context)) as note:
                _fill(disk, Difference(blocks, before if started.parent else None), note, job, context)
    return started.snapshot


def _upload(started: Started, job: StageRequest, context: StageContext) -> Upload:
    parent = started.parent.digest if started.parent else None
    return Upload(context.clients.service.name, started.snapshot, job.version.digest, parent)


@contextmanager
def _parents_blocks(job: StageRequest, context: StageContext) -> Iterator[BlockList | None]:
    """The block list of the parent's disk; None where there is no parent or nobody here knows its blocks."""
    if job.parent is None:
        yield None
        return
    with context.block_lists.find(job.parent.digest) as found:
        yield found


def _fill(
    disk: RawDisk, difference: Difference, note: UploadNote, job: StageRequest, context: StageContext
) -> None:
    snapshot = note.upload.snapshot
    try:
        sent = send_blocks(disk, difference, note, job, context)
    except DiskError as error:
        discard_after(error, snapshot, context)
        raise
    except Interrupted as error:
        error.hint = KEPT
        raise
    except ServiceError as error:
        if snapshot == job.pending and was_sealed_earlier(error, snapshot, job, context):
            return
        raise
    seal(snapshot, sent, job, context)

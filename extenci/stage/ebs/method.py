"""The method `ebs`: a snapshot written block by block (EBS direct APIs), and registered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from extenci.catalog.disks.upload_notes import Upload, UploadNote
from extenci.image.block_list import BlockList
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.errors import DiskError, Interrupted, ServiceError
from extenci.stage.context import KEPT, Job, Means, Staged
from extenci.stage.ebs.difference import Difference, check_fits, listed
from extenci.stage.ebs.seal import seal, wait_until_sealed, was_sealed_earlier
from extenci.stage.ebs.send import send_blocks
from extenci.stage.ebs.start import Started, find_pending, start
from extenci.stage.register import register
from extenci.stage.snapshots import discard, discard_after


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

    What is sent must be what was planned (see `extenci.stage.ebs.send`): otherwise DiskChanged, and the
    snapshot is deleted, as it is when the disk cannot be read. When the service fails or `stop` is set, the
    snapshot stays pending, to go on with. ServiceError and its kinds; Interrupted.
    """
    with means.open(job) as disk:
        if disk.size != job.size:
            raise other_content(job.source)
        with listed(disk, job, means) as blocks:
            check_fits(blocks, job)
            snapshot = _filled(disk, blocks, job, means)
    wait_until_sealed(snapshot, means)
    means.upload_notes.drop(means.clients.service.name, snapshot)
    return snapshot


def _filled(disk: RawDisk, blocks: BlockList, job: Job, means: Means) -> str:
    """A snapshot that holds a disk and takes no more blocks: an interrupted run's, or a new one."""
    with _parents_blocks(job, means) as before:
        started = find_pending(job, before, means) or start(job, before, means)
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


def _fill(disk: RawDisk, difference: Difference, note: UploadNote, job: Job, means: Means) -> None:
    snapshot = note.upload.snapshot
    try:
        sent = send_blocks(disk, difference, note, job, means)
    except DiskError as error:
        discard_after(error, snapshot, means)
        raise
    except Interrupted as error:
        error.hint = KEPT
        raise
    except ServiceError as error:
        if snapshot == job.pending and was_sealed_earlier(error, snapshot, job, means):
            return
        raise
    seal(snapshot, sent, job, means)

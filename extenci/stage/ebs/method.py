"""The method `ebs`: a snapshot written block by block (EBS direct APIs), and registered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from extenci.catalog.disks.upload_notes import SnapshotUpload, UploadNote
from extenci.image.block_list import BlockList
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.errors import DiskError, Interrupted, ServiceError
from extenci.model.record import Intent
from extenci.stage.context import KEPT, StageContext, StagedImage, StageRequest
from extenci.stage.ebs.difference import Difference
from extenci.stage.ebs.recover import recover
from extenci.stage.ebs.seal import seal, wait_until_sealed, was_sealed_earlier
from extenci.stage.ebs.send import send_blocks
from extenci.stage.ebs.start import UploadTarget, find_pending, start
from extenci.stage.method import StageMethod
from extenci.stage.planned_blocks import check_fits, listed
from extenci.stage.register import register_snapshot
from extenci.stage.snapshots import discard_after


class EbsMethod(StageMethod):
    """Uploads blocks into a snapshot. An interrupted upload is a pending snapshot with the stack's tags,
    which the next plan resumes or removes."""

    operations = frozenset(("StartSnapshot",))

    def stage(self, request: StageRequest, context: StageContext) -> StagedImage:
        """See `StageMethod.stage`, `upload` and `register_snapshot`."""
        return register_snapshot(upload(request, context), request, context)

    def recover(self, intent: Intent, context: StageContext) -> None:
        """See `StageMethod.recover`."""
        recover(intent, context)


def upload(request: StageRequest, context: StageContext) -> str:
    """Make a completed snapshot of a disk; its id.

    The disk must be what was planned (see `extenci.stage.ebs.send`): otherwise DiskChanged, and the
    snapshot is deleted, as it is when the disk cannot be read. When the service fails or `stop` is set, the
    snapshot stays pending and can be resumed. ServiceError and its kinds; Interrupted.
    """
    with context.open(request) as disk:
        if disk.size != request.size:
            raise other_content(request.source)
        with listed(disk, request, context) as blocks:
            check_fits(blocks, request)
            snapshot = _filled(disk, blocks, request, context)
    wait_until_sealed(snapshot, context)
    context.upload_notes.drop(context.clients.service.name, snapshot)
    return snapshot


def _filled(disk: RawDisk, blocks: BlockList, request: StageRequest, context: StageContext) -> str:
    """A snapshot that holds a disk and is sealed: an interrupted run's, or a new one."""
    with _parents_blocks(request, context) as before:
        target = find_pending(request, before, context) or start(request, before, context)
        if not target.is_full:
            with context.upload_notes.open(_upload(target, request, context)) as note:
                _fill(disk, Difference(blocks, before if target.parent else None), note, request, context)
    return target.snapshot


def _upload(target: UploadTarget, request: StageRequest, context: StageContext) -> SnapshotUpload:
    parent = target.parent.digest if target.parent else None
    return SnapshotUpload(context.clients.service.name, target.snapshot, request.version.digest, parent)


@contextmanager
def _parents_blocks(request: StageRequest, context: StageContext) -> Iterator[BlockList | None]:
    """The block list of the parent's disk; None where there is no parent or its list is not known here."""
    if request.parent is None:
        yield None
        return
    with context.block_lists.find(request.parent.digest) as found:
        yield found


def _fill(
    disk: RawDisk, difference: Difference, note: UploadNote, request: StageRequest, context: StageContext
) -> None:
    snapshot = note.upload.snapshot
    try:
        sent = send_blocks(disk, difference, note, request, context)
    except DiskError as error:
        discard_after(error, snapshot, context)
        raise
    except Interrupted as error:
        error.hint = KEPT
        raise
    except ServiceError as error:
        if snapshot == request.pending and was_sealed_earlier(error, snapshot, request, context):
            return
        raise
    seal(snapshot, sent, request, context)

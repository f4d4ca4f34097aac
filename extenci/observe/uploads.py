"""How much of a planned upload is left to send, where this home knows it."""

from __future__ import annotations

from dataclasses import replace

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.upload_notes import SnapshotUpload, UploadNotes
from extenci.image.block_list import changed_blocks
from extenci.model.plan import Change, Plan
from extenci.model.work import StageWork


def count_uploads(plan: Plan, block_lists: BlockLists, upload_notes: UploadNotes) -> Plan:
    """The plan with the number of blocks that each upload has to send, where the block lists of its disk and
    of the parent's are known here. What an interrupted upload has sent is not counted."""
    return replace(
        plan, changes=tuple(counted_upload(change, block_lists, upload_notes) for change in plan.changes)
    )


def counted_upload(change: Change, block_lists: BlockLists, upload_notes: UploadNotes) -> Change:
    """A change with the number of blocks that it has to send, where that is known and differs from all."""
    work = change.work
    if not isinstance(work, StageWork) or not work.version.registration.method.writes_blocks:
        return change
    if work.parent is None and work.snapshot is None:
        return change
    left = blocks_to_send(change.address.service, work, block_lists, upload_notes)
    return change if left is None else replace(change, work=replace(work, to_send=left))


def blocks_to_send(
    service: str, work: StageWork, block_lists: BlockLists, upload_notes: UploadNotes
) -> int | None:
    """The number of blocks that differ from the parent's, without those that were sent; None where the lists
    that tell are not known here."""
    parent = work.parent.digest if work.parent else None
    with block_lists.find(work.version.digest) as now, block_lists.find(parent or "") as before:
        if now is None or (parent is not None and before is None):
            return None
        sent = None
        if work.snapshot is not None:
            upload = SnapshotUpload(service, work.snapshot, work.version.digest, parent)
            sent = upload_notes.read(upload)
        blocks = changed_blocks(now.entries(), before.entries() if before else ())
        return sum(sent is None or block.index not in sent for block in blocks)

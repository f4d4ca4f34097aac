"""A disk's blocks on their way into a snapshot: read, hashed and sent in one bounded pipeline.

A file that is the very one that was hashed when the disk was planned is not hashed again: each block carries
the checksum of then, the service refuses what does not match it (EBS direct API reference, PutSnapshotBlock,
`Checksum`), and the file's fingerprint is looked at once more at the end.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from extenci.catalog.disks.upload_notes import UploadNote
from extenci.image.block_list import Entry
from extenci.image.raw import Block, RawDisk
from extenci.model.errors import ServiceError
from extenci.model.version import BLOCK_BYTES
from extenci.report.text.quantities import remainder
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.difference import Difference
from extenci.stage.planned_blocks import checked_block, is_known, read_block, zero_block
from extenci.stage.shared_reading import SharedReader

REFUSED_BLOCK = "INVALID_BLOCK"
"""The reason that EBS gives when a block does not match its checksum."""


@dataclass(frozen=True)
class ChangedBlocks:
    """The blocks that a snapshot takes from a disk, as CompleteSnapshot wants them: their number, and the
    SHA-256 over their raw SHA-256s."""

    blocks: int
    linear_sha256: bytes


def send_blocks(
    disk: RawDisk, difference: Difference, note: UploadNote, request: StageRequest, context: StageContext
) -> ChangedBlocks:
    """Send the blocks of a difference into a pending snapshot, except those that the note has; all of them.
    Memory does not grow with the disk.

    DiskChanged, DiskError, ServiceError or Interrupted at the first problem, once started calls have
    settled. The blocks confirmed until then are in the note.
    """
    whole, left = sum_up(difference, note)
    snapshot = note.upload.snapshot
    total, done, known = whole.blocks * BLOCK_BYTES, 0, whole.blocks - left

    if known:
        context.note(f"The upload is resumed: {remainder(left * BLOCK_BYTES, total)}")
        context.on_progress(known * BLOCK_BYTES, total)

    def count(index: int) -> None:
        nonlocal done
        note.add(index)
        done += 1
        context.on_progress((known + done) * BLOCK_BYTES, total)

    def reread(index: int, sha256: bytes) -> bytes:
        return read_block(disk, Entry(index, sha256), request).data

    uploading = context.changes.ebs.uploading(
        snapshot, reread, token=request.token, blocks=left, stop=context.stop, on_stored=count
    )
    try:
        with context.sharing.joined(disk) as reader, uploading as upload:
            is_same = is_known(disk, request, context)
            for entry in reader.in_order(difference.entries):
                if entry.index not in note:
                    context.check_stop()
                    upload.send(_block(reader, entry, is_same, request))
            upload.finish()
    except ServiceError as error:
        if error.reason == REFUSED_BLOCK:
            _check_content(disk, difference, request, context)
        raise
    disk.check_unchanged()
    return whole


def _block(reader: SharedReader, entry: Entry, is_same: bool, request: StageRequest) -> Block:
    if entry.is_zero:
        return zero_block(entry)
    data = reader.block(entry.index)
    return Block(entry.index, data, entry.sha256) if is_same else checked_block(data, entry, request)


def _check_content(
    disk: RawDisk, difference: Difference, request: StageRequest, context: StageContext
) -> None:
    """DiskChanged where the service refused a block because the disk is not the planned one."""
    for entry in difference.entries():
        context.check_stop()
        read_block(disk, entry, request)


def sum_up(difference: Difference, note: UploadNote) -> tuple[ChangedBlocks, int]:
    """The blocks of a difference, and the number of those that are still to be sent."""
    linear, blocks, left = hashlib.sha256(), 0, 0
    for entry in difference.entries():
        linear.update(entry.sha256)
        blocks += 1
        left += entry.index not in note
    return ChangedBlocks(blocks, linear.digest()), left

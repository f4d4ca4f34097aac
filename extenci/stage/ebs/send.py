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
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.difference import Difference
from extenci.stage.planned_blocks import checked_block, is_known, read_block, zero_block
from extenci.stage.shared_reading import Reader

REFUSED_BLOCK = "INVALID_BLOCK"
"""The reason that EBS gives where a block does not match its checksum."""


@dataclass(frozen=True)
class Sent:
    """What was put into a snapshot: the number of blocks, and the SHA-256 over their raw SHA-256s."""

    blocks: int
    linear_sha256: bytes


def send_blocks(
    disk: RawDisk, difference: Difference, note: UploadNote, request: StageRequest, context: StageContext
) -> Sent:
    """Send the blocks of a difference into a pending snapshot, but those that the note has. Memory does not
    grow with the disk.

    DiskChanged, DiskError, ServiceError or Interrupted at the first problem, once started calls have
    settled. What was confirmed until then is noted.
    """
    sent, left = summed_up(difference, note)
    snapshot = note.upload.snapshot
    total, done, known = sent.blocks * BLOCK_BYTES, 0, sent.blocks - left

    def take_in(index: int) -> None:
        nonlocal done
        note.add(index)
        done += 1
        context.on_progress((known + done) * BLOCK_BYTES, total)

    def again(index: int, sha256: bytes) -> bytes:
        return read_block(disk, Entry(index, sha256), request).data

    uploading = context.changes.ebs.uploading(
        snapshot, again, token=request.token, blocks=left, stop=context.stop, on_stored=take_in
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
    return sent


def _block(reader: Reader, entry: Entry, is_same: bool, request: StageRequest) -> Block:
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


def summed_up(difference: Difference, note: UploadNote) -> tuple[Sent, int]:
    """What the snapshot holds in the end, and how many of its blocks are still to be sent."""
    linear, blocks, left = hashlib.sha256(), 0, 0
    for entry in difference.entries():
        linear.update(entry.sha256)
        blocks += 1
        left += entry.index not in note
    return Sent(blocks, linear.digest()), left

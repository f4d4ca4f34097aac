"""A disk's blocks on their way into a snapshot: read, hashed and sent in one bounded pipeline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from extenci.catalog.upload_notes import UploadNote
from extenci.image.raw import RawDisk
from extenci.model.versions import BLOCK_BYTES
from extenci.stage.job import Job, Means
from extenci.stage.reading import Difference, planned_block


@dataclass(frozen=True)
class Sent:
    """What was put into a snapshot: the number of blocks, and the SHA-256 over their raw SHA-256s."""

    blocks: int
    linear_sha256: bytes


def send_blocks(disk: RawDisk, difference: Difference, note: UploadNote, job: Job, means: Means) -> Sent:
    """Send the blocks of a difference into a pending snapshot, but those that the note has. Memory does not
    grow with the disk.

    DiskChanged, DiskError, ServiceError or Interrupted at the first problem, once started calls have
    settled. What was confirmed until then is noted.
    """
    sent, left = summed_up(difference, note)
    snapshot = note.upload.snapshot
    intent = means.calls.begin(
        "PutSnapshotBlock", token=job.token, request={"snapshot": snapshot, "blocks": left}
    )
    total, done, known = sent.blocks * BLOCK_BYTES, 0, sent.blocks - left

    def take_in(index: int) -> None:
        nonlocal done
        note.add(index)
        done += 1
        means.on_progress((known + done) * BLOCK_BYTES, total)

    try:
        with (
            means.sharing.joined(disk) as reader,
            means.clients.ebs.uploading(snapshot, stop=means.stop, on_stored=take_in) as upload,
        ):
            for entry in reader.in_order(difference.entries):
                if entry.index not in note:
                    means.check_stop()
                    upload.send(planned_block(reader.block, entry, job))
            upload.finish()
    finally:
        means.calls.settle(intent, {"snapshot": snapshot, "blocks": done})
    disk.check_unchanged()
    return sent


def summed_up(difference: Difference, note: UploadNote) -> tuple[Sent, int]:
    """What the snapshot holds in the end, and how many of its blocks are still to be sent."""
    linear, blocks, left = hashlib.sha256(), 0, 0
    for entry in difference.entries():
        linear.update(entry.sha256)
        blocks += 1
        left += entry.index not in note
    return Sent(blocks, linear.digest()), left

"""A disk's blocks on their way into a snapshot: read, hashed and sent in one bounded pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from extenci.catalog.upload_notes import UploadNote
from extenci.image.raw import Block, RawDisk
from extenci.model.versions import BLOCK_BYTES
from extenci.stage.job import Job, Means
from extenci.stage.reading import Difference, read_block

CONNECTIONS = 16
"""Threads that send. More gain nothing with the SDK, which is bound by Python's own speed."""
WINDOW = 2 * CONNECTIONS
"""Blocks held in memory at most: those being sent, and as many again that wait."""


@dataclass(frozen=True)
class Sent:
    """What was put into a snapshot: the number of blocks, and the SHA-256 over their raw SHA-256s."""

    blocks: int
    linear_sha256: bytes


class Window:
    """Calls under way, at most `WINDOW`; used by one thread. The first that fails ends all."""

    def __init__(self, pool: ThreadPoolExecutor, note: UploadNote, on_done: Callable[[int], None]) -> None:
        self._pool = pool
        self._note = note
        self._on_done = on_done
        self._under_way: dict[Future[None], int] = {}
        self.done = 0

    def add(self, index: int, call: Callable[[], None]) -> None:
        """Have a block put, once there is room; raises what an earlier call raised."""
        self._take_in({future for future in self._under_way if future.done()})
        self._collect(WINDOW - 1)
        self._under_way[self._pool.submit(call)] = index

    def finish(self) -> None:
        """Wait for all calls; raises what one of them raised."""
        self._collect(0)

    def abandon(self) -> None:
        """Let started calls settle and drop the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        fine = {one for one in self._under_way if not one.cancelled() and one.exception() is None}
        self._take_in(fine)

    def _collect(self, left: int) -> None:
        while len(self._under_way) > left:
            self._take_in(wait(self._under_way, return_when=FIRST_COMPLETED).done)

    def _take_in(self, finished: set[Future[None]]) -> None:
        for future in finished:
            future.result()
            self._note.add(self._under_way.pop(future))
        self.done += len(finished)
        if finished:
            self._on_done(self.done)


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
    total, known = sent.blocks * BLOCK_BYTES, sent.blocks - left
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="send") as pool:
        window = Window(pool, note, lambda done: means.on_progress((known + done) * BLOCK_BYTES, total))
        try:
            for entry in difference.entries():
                if entry.index not in note:
                    means.check_stop()
                    window.add(entry.index, _put(snapshot, read_block(disk, entry, job), means))
            window.finish()
        finally:
            window.abandon()
            means.calls.settle(intent, {"snapshot": snapshot, "blocks": window.done})
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


def _put(snapshot: str, block: Block, means: Means) -> Callable[[], None]:
    ebs = means.clients.ebs
    return lambda: ebs.put_block(snapshot, block.index, block.data, block.sha256, stop=means.stop)

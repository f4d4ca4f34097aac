"""A disk's blocks on their way into a snapshot: read, hashed and sent in one bounded pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from extenci.image.digest import Digest
from extenci.image.problems import shown
from extenci.image.raw import Block, RawDisk
from extenci.model.errors import DiskError
from extenci.model.versions import BLOCK_BYTES, GIB
from extenci.stage.job import Job, Means

CONNECTIONS = 16
"""Threads that send. More gain nothing with the SDK, which is bound by Python's own speed."""
WINDOW = 2 * CONNECTIONS
"""Blocks held in memory at most: those being sent, and as many again that wait."""


@dataclass(frozen=True)
class Sent:
    """What was sent: the digest of the blocks, their number, and the SHA-256 over their raw SHA-256s."""

    digest: str
    blocks: int
    linear_sha256: bytes


class Window:
    """Calls under way, at most `WINDOW`; used by one thread. The first that fails ends all."""

    def __init__(self, pool: ThreadPoolExecutor, on_done: Callable[[int], None]) -> None:
        self._pool = pool
        self._on_done = on_done
        self._under_way: set[Future[None]] = set()
        self.done = 0

    def add(self, call: Callable[[], None]) -> None:
        """Have a call made, once there is room; raises what an earlier call raised."""
        self._take_in({future for future in self._under_way if future.done()})
        self._collect(WINDOW - 1)
        self._under_way.add(self._pool.submit(call))

    def finish(self) -> None:
        """Wait for all calls; raises what one of them raised."""
        self._collect(0)

    def abandon(self) -> None:
        """Let started calls settle and drop the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _collect(self, left: int) -> None:
        while len(self._under_way) > left:
            self._take_in(wait(self._under_way, return_when=FIRST_COMPLETED).done)

    def _take_in(self, finished: set[Future[None]]) -> None:
        self._under_way -= finished
        for future in finished:
            future.result()
        self.done += len(finished)
        if finished:
            self._on_done(self.done)


def send_blocks(disk: RawDisk, snapshot: str, job: Job, means: Means) -> Sent:
    """Send every non-zero block of a disk into a pending snapshot. Memory does not grow with the disk.

    DiskChanged, DiskError, ServiceError or Interrupted at the first problem, once started calls have
    settled.
    """
    digest, linear = Digest(), hashlib.sha256()
    total = job.blocks * BLOCK_BYTES
    intent = means.calls.begin(
        "PutSnapshotBlock", token=job.token, request={"snapshot": snapshot, "blocks": job.blocks}
    )
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="send") as pool:
        window = Window(pool, lambda done: means.on_progress(done * BLOCK_BYTES, total))
        try:
            for block in disk.blocks(means.stop):
                _check_fits(block, job)
                digest.add(block.index, block.sha256)
                linear.update(block.sha256)
                window.add(_put(snapshot, block, means))
            window.finish()
        finally:
            window.abandon()
            means.calls.settle(intent, {"snapshot": snapshot, "blocks": window.done})
    return Sent(digest.hexdigest(), digest.blocks, linear.digest())


def _put(snapshot: str, block: Block, means: Means) -> Callable[[], None]:
    ebs = means.clients.ebs
    return lambda: ebs.put_block(snapshot, block.index, block.data, block.sha256, stop=means.stop)


def _check_fits(block: Block, job: Job) -> None:
    gib = job.version.registration.gib
    if block.index >= gib * GIB // BLOCK_BYTES:
        raise DiskError(
            f"The disk {shown(job.source)} has data beyond the {gib} GiB that its image is to have.",
            "Raise `size` in the image's spec, or leave it out.",
        )

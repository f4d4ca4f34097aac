"""Uploads blocks into one snapshot, many at a time, through a bounded window and one sending thread.

The thread that calls `send` reads and hashes; the other signs and drives libcurl. Both spend their time
outside of Python's global lock, so they use two cores.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Self

from extenci.cloud.aws.answers.limits import BLOCK_SECONDS, CONNECT_SECONDS
from extenci.cloud.aws.session import ServiceSession
from extenci.cloud.blocks.answers import BlockAnswers
from extenci.cloud.blocks.block import Block
from extenci.cloud.blocks.concurrency import MOST, Concurrency
from extenci.cloud.blocks.curl_handle import TransferSettings
from extenci.cloud.blocks.memory_budget import CONNECTION_BYTES, LEAST, MEMORY_BUDGET
from extenci.cloud.blocks.rate import Rate
from extenci.cloud.blocks.sender import BlockSender, Destination, SendResult
from extenci.cloud.blocks.signing import BlockSigner
from extenci.cloud.blocks.transfers import Transfers
from extenci.model.errors import Interrupted
from extenci.model.release import __version__
from extenci.model.version import BLOCK_BYTES

Reread = Callable[[int, bytes], bytes]
"""Returns the 512 KiB of a block, given its index and SHA-256."""

AHEAD = 4
"""Blocks that wait in addition to those under way, so that the network need not wait for the disk."""
SETTLE_SECONDS = 15.0
"""How long calls under way may still take after the upload was given up."""
LOOK_SECONDS = 0.2
"""How often `stop` is checked while there is nothing else to do."""


class BlockUpload:
    """Sends blocks into a pending snapshot. A context manager; `send` and `finish` are for one thread.

    A block is in memory until it is sent: while its answer is awaited, it takes only a connection.
    `reread(index, sha256)` returns a block that has to be sent again; it is called in the sending thread, and
    an error that it raises ends the upload.

    Once a call failed for good or `stop` is set, no other call is begun. Leaving the context drops the blocks
    that wait, and lets the calls under way end, for `SETTLE_SECONDS` at most.
    """

    def __init__(
        self,
        sender: BlockSender,
        reread: Reread,
        *,
        stop: Event | None = None,
        on_stored: Callable[[int], None] = lambda _index: None,
    ) -> None:
        self._sender = sender
        self._reread = reread
        self._stop = stop or Event()
        self._on_stored = on_stored
        self._changed = threading.Condition()
        self._queue: deque[Block] = deque()
        self._held = self._most_held = 0
        self._in_memory = 0
        self._open = ExitStack()
        self._is_closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="send blocks", daemon=True)

    def __enter__(self) -> Self:
        self._open.enter_context(MEMORY_BUDGET.joined())
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_closing = True
            self._queue.clear()
        self._sender.wake()
        self._thread.join()
        self._open.close()

    def send(self, block: Block) -> None:
        """Queue a block once there is room in the window. Raises the error that an earlier block failed with
        (ServiceError and its kinds), and Interrupted once `stop` is set."""
        with self._changed:
            self._wait_until(self._has_room)
            self._queue.append(block)
            self._held += 1
            self._most_held = max(self._held, self._most_held)
            self._in_memory += 1
            is_first = len(self._queue) == 1
        if is_first:
            self._sender.wake()

    def finish(self) -> None:
        """Wait until every block is stored; raises as `send` does."""
        with self._changed:
            self._wait_until(lambda: self._held == 0)

    def _has_room(self) -> bool:
        """Whether one more block may be held. Each takes a connection; idle connections count too."""
        if self._held >= self._sender.limit + AHEAD:
            return False
        connections = max(self._held + 1, self._most_held)
        wanted = connections * CONNECTION_BYTES + (self._in_memory + 1) * BLOCK_BYTES
        return self._held < LEAST or wanted <= MEMORY_BUDGET.share

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        while True:
            if self._failure is not None:
                raise self._failure
            if ready():
                return
            if self._stop.is_set():
                raise Interrupted("Uploading a disk was stopped.")
            self._changed.wait(LOOK_SECONDS)

    def _run(self) -> None:
        try:
            with self._sender:
                while self._is_going_on():
                    self._take_in(self._sender.go_on(self, LOOK_SECONDS))
                self._take_in(self._sender.settle(SETTLE_SECONDS))
        except BaseException as error:  # noqa: BLE001 - raised again in `send` and `finish`
            self._fail(error)

    def _is_going_on(self) -> bool:
        with self._changed:
            return not self._is_closing and self._failure is None and not self._stop.is_set()

    def next_block(self) -> Block | None:
        """See `BlockSource`, as for the next two methods."""
        with self._changed:
            return self._queue.popleft() if self._queue else None

    def reread(self, index: int, sha256: bytes) -> bytes:
        """See `BlockSource`."""
        with self._changed:
            self._in_memory += 1
        return self._reread(index, sha256)

    def release(self) -> None:
        """See `BlockSource`."""
        with self._changed:
            self._in_memory -= 1
            self._changed.notify_all()

    def _take_in(self, result: SendResult) -> None:
        for index in result.stored:
            self._on_stored(index)
        if result.failure is not None:
            self._fail(result.failure)
        if result.stored:
            with self._changed:
                self._held -= len(result.stored)
                self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._queue.clear()
            self._changed.notify_all()


@dataclass(frozen=True)
class UploadLimits:
    """How many connections an upload may use, and how many seconds one attempt to send a block may take."""

    connections: int = MOST
    block_seconds: float = BLOCK_SECONDS


def open_upload(
    session: ServiceSession,
    snapshot: str,
    reread: Reread,
    *,
    age: float,
    rate: Rate,
    stop: Event | None = None,
    on_stored: Callable[[int], None] = lambda _index: None,
    limits: UploadLimits = UploadLimits(),
) -> BlockUpload:
    """An upload into a snapshot that was started `age` seconds ago. `rate` applies only to AWS's own
    endpoints. AccessRefused if there are no credentials."""
    endpoint, keys = session.endpoint("ebs")
    settings = TransferSettings(
        ca_bundle=endpoint.ca_bundle,
        proxy=endpoint.proxy,
        user_agent=f"extenci/{__version__}",
        connect_seconds=CONNECT_SECONDS,
        whole_seconds=limits.block_seconds,
    )
    sender = BlockSender(
        Transfers(settings, limits.connections),
        BlockSigner(endpoint.url, snapshot, endpoint.region, endpoint.signing_name),
        keys,
        BlockAnswers(session.client("ebs"), session.service.name, snapshot),
        (rate if endpoint.is_aws else None, Concurrency(limits.connections)),
        Destination(session.service.name, session.address("ebs")),
        time.monotonic() - age,
    )
    return BlockUpload(sender, reread, stop=stop, on_stored=on_stored)

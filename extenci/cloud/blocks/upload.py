"""Blocks on their way into one snapshot, many at a time: a bounded window, and one thread that sends.

The thread that calls `send` reads and hashes; the other signs, and has libcurl send. Both spend their time
outside of Python's lock, so two cores are two cores.
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

from extenci.cloud.aws.session import CONNECT_SECONDS, READ_SECONDS, ServiceSession
from extenci.cloud.blocks.answers import BlockAnswers
from extenci.cloud.blocks.block import Block
from extenci.cloud.blocks.concurrency import MOST, Concurrency
from extenci.cloud.blocks.memory_budget import CONNECTION_BYTES, LEAST, ROOM
from extenci.cloud.blocks.rate import Rate
from extenci.cloud.blocks.sender import BlockSender, Clocks, Place, Progress
from extenci.cloud.blocks.signing import BlockSigner
from extenci.cloud.blocks.transfers import Settings, Transfers
from extenci.model.errors import Interrupted
from extenci.model.release import __version__
from extenci.model.version import BLOCK_BYTES

Reread = Callable[[int, bytes], bytes]
"""Gives the 512 KiB of a block by its index and SHA-256."""

AHEAD = 4
"""Blocks that wait beside those under way, so that the network need not wait for the disk."""
SETTLE_SECONDS = 15.0
"""How long calls that were begun may go on when nobody waits for the whole any more."""
LOOK_SECONDS = 0.2
"""How often `stop` is looked at while there is nothing else to do."""


class BlockUpload:
    """Sends blocks into a pending snapshot. A context manager; `send` and `finish` are for one thread.

    A block is in memory until it is on its way: what only waits for an answer takes a connection, no more.
    `reread(index, sha256)` gives one that has to be sent again, in another thread; what it raises ends all.

    Once a call failed for good or `stop` is set, no other is begun. Leaving the context lets calls that were
    begun settle, for `SETTLE_SECONDS` at most, and drops what waits.
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
        self._open.enter_context(ROOM.taken())
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
        """Have a block sent, once there is room in the window; raises what an earlier one failed with
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
        """Whether one more block may be held: a connection for each, those that are idle by now included."""
        if self._held >= self._sender.limit + AHEAD:
            return False
        connections = max(self._held + 1, self._most_held)
        wanted = connections * CONNECTION_BYTES + (self._in_memory + 1) * BLOCK_BYTES
        return self._held < LEAST or wanted <= ROOM.share

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        while True:
            if self._failure is not None:
                raise self._failure
            if ready():
                return
            if self._stop.is_set():
                raise Interrupted("Sending a disk was stopped.")
            self._changed.wait(LOOK_SECONDS)

    def _run(self) -> None:
        try:
            with self._sender:
                while self._is_going_on():
                    self._take_in(self._sender.go_on(self, LOOK_SECONDS))
                self._take_in(self._sender.settle(SETTLE_SECONDS))
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits for it
            self._fail(error)

    def _is_going_on(self) -> bool:
        with self._changed:
            return not self._is_closing and self._failure is None and not self._stop.is_set()

    def following(self) -> Block | None:
        """The next block to send, if there is one. For the sender, as are the next two."""
        with self._changed:
            return self._queue.popleft() if self._queue else None

    def again(self, index: int, sha256: bytes) -> bytes:
        """A block once more."""
        with self._changed:
            self._in_memory += 1
        return self._reread(index, sha256)

    def let_go(self) -> None:
        """Some block is in memory no more."""
        with self._changed:
            self._in_memory -= 1
            self._changed.notify_all()

    def _take_in(self, progress: Progress) -> None:
        for index in progress.stored:
            self._on_stored(index)
        if progress.failure is not None:
            self._fail(progress.failure)
        if progress.stored:
            with self._changed:
                self._held -= len(progress.stored)
                self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._queue.clear()
            self._changed.notify_all()


@dataclass(frozen=True)
class Limits:
    """How many connections an upload may have, and how many seconds one attempt to send a block may take."""

    connections: int = MOST
    block_seconds: float = READ_SECONDS["ebs"]


def open_upload(
    session: ServiceSession,
    snapshot: str,
    reread: Reread,
    *,
    age: float,
    rate: Rate,
    stop: Event | None = None,
    on_stored: Callable[[int], None] = lambda _index: None,
    limits: Limits = Limits(),
) -> BlockUpload:
    """An upload into a snapshot that was started `age` seconds ago. The rate is kept where the service is
    AWS's. AccessRefused without credentials."""
    wire, keys = session.wire("ebs")
    settings = Settings(
        ca_bundle=wire.ca_bundle,
        proxy=wire.proxy,
        user_agent=f"extenci/{__version__}",
        connect_seconds=CONNECT_SECONDS,
        whole_seconds=limits.block_seconds,
    )
    sender = BlockSender(
        Transfers(settings, limits.connections),
        BlockSigner(wire.endpoint, snapshot, wire.region, wire.signing_name),
        keys,
        BlockAnswers(session.client("ebs"), session.service.name, snapshot),
        (rate if wire.is_aws else None, Concurrency(limits.connections)),
        Place(session.service.name, session.address("ebs")),
        time.monotonic() - age,
        Clocks(),
    )
    return BlockUpload(sender, reread, stop=stop, on_stored=on_stored)

"""One reading of a disk for several uploads at once, as when an image goes to several regions.

Uploads of the same file go round it together: one that joins later begins where the others are, and reads
what it missed at the end of its round (a block may be put at any time before a snapshot is sealed). What one
of them has read the others find in a window of a few blocks. One that cannot keep up with the others reads
for itself: nobody waits for anybody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from extenci.image.block_list import Entry
from extenci.image.fingerprint import Fingerprint
from extenci.image.raw import RawDisk

WINDOW_BLOCKS = 16
"""Blocks that are kept of each disk which several read: 8 MiB. One that is further behind finds them in the
system's page cache, or where the disk is."""


@dataclass
class _Circle:
    """Those who read one disk now, where they are, and what they read last."""

    readers: int = 0
    position: int = 0
    blocks: OrderedDict[int, Future[bytes]] = field(default_factory=OrderedDict)


@dataclass(frozen=True)
class Reader:
    """One upload's way round a disk."""

    disk: RawDisk
    start: int
    _block: Callable[[RawDisk, int], bytes]

    def in_order(self, entries: Callable[[], Iterable[Entry]]) -> Iterator[Entry]:
        """What is to be read, from where the others are to the end, then from the beginning; `entries` tells
        it in the order of the indexes, each time anew."""
        yield from (entry for entry in entries() if entry.index >= self.start)
        yield from (entry for entry in entries() if entry.index < self.start)

    def block(self, index: int) -> bytes:
        """The 512 KiB of a block. Errors as of `RawDisk.block`."""
        return self._block(self.disk, index)


class SharedReading:
    """The readers of the disks of one run. Any thread may use it, each for a reader of its own."""

    def __init__(self, window: int = WINDOW_BLOCKS) -> None:
        self._window = window
        self._lock = Lock()
        self._circles: dict[Fingerprint, _Circle] = {}

    @contextmanager
    def joined(self, disk: RawDisk) -> Iterator[Reader]:
        """Read a disk, together with whoever reads it now."""
        with self._lock:
            circle = self._circles.setdefault(disk.fingerprint, _Circle())
            circle.readers += 1
            start = circle.position if circle.readers > 1 else 0
        try:
            yield Reader(disk, start, self._read)
        finally:
            with self._lock:
                circle.readers -= 1
                if circle.readers < 2:
                    circle.blocks.clear()
                if not circle.readers:
                    del self._circles[disk.fingerprint]

    def _read(self, disk: RawDisk, index: int) -> bytes:
        with self._lock:
            circle = self._circles[disk.fingerprint]
            circle.position = index
            known = circle.blocks.get(index)
            promise = self._promised(circle, index) if known is None and circle.readers > 1 else None
        if known is not None:
            return known.result()
        return disk.block(index) if promise is None else _kept(disk, index, promise)

    def _promised(self, circle: _Circle, index: int) -> Future[bytes]:
        """A place in the window for a block that the caller is about to read."""
        promise: Future[bytes] = Future()
        circle.blocks[index] = promise
        while len(circle.blocks) > self._window:
            circle.blocks.popitem(last=False)
        return promise


def _kept(disk: RawDisk, index: int, promise: Future[bytes]) -> bytes:
    """Read a block, for whoever waits for it too."""
    try:
        block = disk.block(index)
    except BaseException as error:
        promise.set_exception(error)
        raise
    promise.set_result(block)
    return block

"""One reading of a disk for several uploads at once, as when an image goes to several regions.

Uploads of the same file read it together: one that joins later begins where the others are, and reads the
blocks it missed at the end (a block may be put at any time before a snapshot is sealed). Blocks that one has
read are shared in a window of a few blocks. An upload that cannot keep up reads for itself: none waits for
another.
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
"""Blocks kept of each disk that several uploads read: 8 MiB. An upload that is further behind reads from the
system's page cache, or from the disk."""


@dataclass
class _ReaderGroup:
    """The uploads that read one disk now: their number, their position, and the blocks read last."""

    readers: int = 0
    position: int = 0
    blocks: OrderedDict[int, Future[bytes]] = field(default_factory=OrderedDict)


@dataclass(frozen=True)
class SharedReader:
    """One upload's way round a disk."""

    disk: RawDisk
    start: int
    _block: Callable[[RawDisk, int], bytes]

    def in_order(self, entries: Callable[[], Iterable[Entry]]) -> Iterator[Entry]:
        """The entries to read, from where the others are to the end, then from the beginning. Each call of
        `entries` gives all of them in the order of their indexes."""
        yield from (entry for entry in entries() if entry.index >= self.start)
        yield from (entry for entry in entries() if entry.index < self.start)

    def block(self, index: int) -> bytes:
        """The 512 KiB of a block. Errors as of `RawDisk.block`."""
        return self._block(self.disk, index)


class SharedReading:
    """The shared readers of one run's disks. Any thread may use it, each with a reader of its own."""

    def __init__(self, window: int = WINDOW_BLOCKS) -> None:
        self._window = window
        self._lock = Lock()
        self._groups: dict[Fingerprint, _ReaderGroup] = {}

    @contextmanager
    def joined(self, disk: RawDisk) -> Iterator[SharedReader]:
        """Read a disk, together with the uploads that read it now."""
        with self._lock:
            group = self._groups.setdefault(disk.fingerprint, _ReaderGroup())
            group.readers += 1
            start = group.position if group.readers > 1 else 0
        try:
            yield SharedReader(disk, start, self._read)
        finally:
            with self._lock:
                group.readers -= 1
                if group.readers < 2:
                    group.blocks.clear()
                if not group.readers:
                    del self._groups[disk.fingerprint]

    def _read(self, disk: RawDisk, index: int) -> bytes:
        with self._lock:
            group = self._groups[disk.fingerprint]
            group.position = index
            known = group.blocks.get(index)
            promise = self._promise(group, index) if known is None and group.readers > 1 else None
        if known is not None:
            return known.result()
        return disk.block(index) if promise is None else _read_for_all(disk, index, promise)

    def _promise(self, group: _ReaderGroup, index: int) -> Future[bytes]:
        """Reserve a place in the window for a block that the caller is about to read."""
        promise: Future[bytes] = Future()
        group.blocks[index] = promise
        while len(group.blocks) > self._window:
            group.blocks.popitem(last=False)
        return promise


def _read_for_all(disk: RawDisk, index: int, promise: Future[bytes]) -> bytes:
    """Read a block, also for the uploads that wait for it."""
    try:
        block = disk.block(index)
    except BaseException as error:
        promise.set_exception(error)
        raise
    promise.set_result(block)
    return block

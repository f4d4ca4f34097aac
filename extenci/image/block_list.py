"""Block lists: which blocks of a disk are not all zeros, and the SHA-256 of each.

A list is 40 bytes for each such block, in the order of their indexes: the index as an unsigned 64-bit
big-endian number, then the block's SHA-256. The SHA-256 of those bytes is the disk's digest
(`extenci.image.digest`), so a list verifies itself: one that hashes to a digest is that disk's. The list of
a disk of 1 TiB without holes takes 80 MiB; it is never held in memory as a whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from extenci.image.digest import ZERO_BLOCK

ENTRY_BYTES = 40
ZERO_SHA256 = hashlib.sha256(ZERO_BLOCK).digest()

_CHUNK_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """A block: its index, and the SHA-256 of its 512 KiB (32 raw bytes)."""

    index: int
    sha256: bytes

    @property
    def is_zero(self) -> bool:
        """Whether the block is all zeros."""
        return self.sha256 == ZERO_SHA256

    def to_bytes(self) -> bytes:
        """The 40 bytes of the entry in a list."""
        return self.index.to_bytes(8, "big") + self.sha256


@dataclass(frozen=True)
class BlockList:
    """A list in an open file, which each `entries` reads again. Whoever opened the file closes it."""

    descriptor: int

    def __len__(self) -> int:
        """The number of entries."""
        return os.fstat(self.descriptor).st_size // ENTRY_BYTES

    def entries(self) -> Iterator[Entry]:
        """The blocks in the order of their indexes."""
        for chunk in self._chunks():
            for start in range(0, len(chunk), ENTRY_BYTES):
                yield _entry_of(chunk[start : start + ENTRY_BYTES])

    def last(self) -> Entry | None:
        """The block with the highest index."""
        if not len(self):
            return None
        return _entry_of(os.pread(self.descriptor, ENTRY_BYTES, (len(self) - 1) * ENTRY_BYTES))

    def digest(self) -> str:
        """The digest of the list's disk, in hex."""
        text = hashlib.sha256()
        for chunk in self._chunks():
            text.update(chunk)
        return text.hexdigest()

    def _chunks(self) -> Iterator[bytes]:
        offset, step = 0, _CHUNK_ENTRIES * ENTRY_BYTES
        while chunk := os.pread(self.descriptor, step, offset):
            yield chunk
            offset += len(chunk)


def _entry_of(text: bytes) -> Entry:
    return Entry(int.from_bytes(text[:8], "big"), text[8:])


def changed_blocks(now: Iterable[Entry], before: Iterable[Entry]) -> Iterator[Entry]:
    """The blocks to write over the disk `before` to make it `now`, in the order of their indexes. They
    include blocks that have become zeros (StartSnapshot, `ParentSnapshotId`: blocks that are not put are the
    parent's).

    Both lists are in the order of their indexes, and neither is held in memory.
    """
    olds = iter(before)
    old = next(olds, None)
    for new in now:
        while old is not None and old.index < new.index:
            yield Entry(old.index, ZERO_SHA256)
            old = next(olds, None)
        if old is not None and old.index == new.index:
            if old.sha256 != new.sha256:
                yield new
            old = next(olds, None)
        else:
            yield new
    while old is not None:
        yield Entry(old.index, ZERO_SHA256)
        old = next(olds, None)

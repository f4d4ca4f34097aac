"""The digest of a disk's content, and the SHA-256 of a file's bytes.

The digest is SHA-256 over, for each non-zero 512 KiB block in the order of their indexes, the index as
an unsigned 64-bit big-endian number followed by the 32 bytes of the block's SHA-256. The last block
is padded with zeros. So holes, blocks of zeros, trailing zeros, and the file's name and time make no
difference; a disk of only zeros has the SHA-256 of no bytes.
"""

from __future__ import annotations

import hashlib
from threading import Event

from extenci.model.errors import Interrupted
from extenci.model.version import BLOCK_BYTES

ZERO_BLOCK = bytes(BLOCK_BYTES)


class Digest:
    """The digest of a disk, from its non-zero blocks in the order of their indexes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.blocks = 0

    def add(self, index: int, sha256: bytes) -> None:
        """Add the next block."""
        self._hash.update(index.to_bytes(8, "big") + sha256)
        self.blocks += 1

    def hexdigest(self) -> str:
        """The digest of the blocks so far, in hex."""
        return self._hash.hexdigest()


class FileHash:
    """The SHA-256 of a file's bytes, from its data in order; gaps count as zeros."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._position = 0

    def add(self, offset: int, data: bytes, stop: Event | None = None) -> None:
        """Add the bytes at `offset`, and the zeros before them."""
        self._zeros_to(offset, stop)
        self._hash.update(data)
        self._position = offset + len(data)

    def finish(self, size: int, stop: Event | None = None) -> str:
        """Add the zeros up to the end; the hash in hex."""
        self._zeros_to(size, stop)
        return self._hash.hexdigest()

    def _zeros_to(self, offset: int, stop: Event | None) -> None:
        while (missing := offset - self._position) > 0:
            if stop is not None and stop.is_set():
                raise Interrupted("Reading a disk was stopped.")
            step = min(missing, BLOCK_BYTES)
            self._hash.update(ZERO_BLOCK if step == BLOCK_BYTES else ZERO_BLOCK[:step])
            self._position += step

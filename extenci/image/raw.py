"""Reads raw disks: their non-zero blocks, and their digest, which `extenci.image.digest` defines."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from extenci.image import problems
from extenci.image.digest import ZERO_BLOCK, Digest, FileHash
from extenci.image.extents import data_blocks
from extenci.image.fingerprint import Fingerprint, fingerprint_of
from extenci.image.formats import Format, refusal
from extenci.image.read_at import read_at, reader_of
from extenci.image.recognition import foreign_format
from extenci.model.errors import Interrupted
from extenci.model.version import BLOCK_BYTES, Disk

OnProgress = Callable[[int, int], None]
"""Gets how many bytes are done, holes included, and how many there are in all."""


@dataclass(frozen=True)
class Block:
    """A block that is not all zeros: its bytes (always 512 KiB) and their SHA-256 (32 raw bytes)."""

    index: int
    data: bytes
    sha256: bytes


@dataclass(frozen=True)
class RawDisk:
    """A raw disk that is open for reading; `path` is its source, as it was given.

    `sha256` (hex) is that of the source's own bytes, if the disk was made from a source whose SHA-256 was
    verified; None if it has not been compared yet.
    """

    path: Path | str
    descriptor: int
    fingerprint: Fingerprint
    sha256: str | None = None

    @property
    def size(self) -> int:
        """The disk's length in bytes."""
        return self.fingerprint.size

    def pieces(self, stop: Event | None = None) -> Iterator[tuple[int, bytes]]:
        """(index, bytes) of each block that is not a hole, as it is in the file: the last may be short.

        DiskChanged if the file changed, DiskError if it cannot be read, Interrupted once `stop` is set.
        """
        indexes = data_blocks(self.descriptor, self.size)
        while (index := self._next(indexes)) is not None:
            if stop is not None and stop.is_set():
                raise Interrupted(f"Reading the disk {problems.shown(self.path)} was stopped.")
            yield index, self._read(index)
        self.check_unchanged()

    def block(self, index: int) -> bytes:
        """The 512 KiB of one block, padded with zeros behind the disk's end. DiskError if it cannot be read,
        DiskChanged if the file became shorter."""
        return self._read(index).ljust(BLOCK_BYTES, b"\0")

    def blocks(self, stop: Event | None = None, on_progress: OnProgress | None = None) -> Iterator[Block]:
        """The blocks that are not all zeros, in the order of their indexes; errors as for `pieces`."""
        for index, piece in self.pieces(stop):
            block = as_block(index, piece)
            if block is not None:
                yield block
            if on_progress is not None:
                on_progress(index * BLOCK_BYTES + len(piece), self.size)

    def check_unchanged(self) -> None:
        """DiskChanged if the file was written to, cut or extended since it was opened. A file that lost its
        name to another one is unchanged, although its `ctime_ns` differs."""
        now = fingerprint_of(os.fstat(self.descriptor))
        if now._replace(ctime_ns=0) != self.fingerprint._replace(ctime_ns=0):
            raise problems.changed(self.path)

    def _next(self, indexes: Iterator[int]) -> int | None:
        try:
            return next(indexes, None)
        except OSError as error:
            raise problems.unreadable(self.path, error) from error

    def _read(self, index: int) -> bytes:
        start = index * BLOCK_BYTES
        wanted = min(BLOCK_BYTES, self.size - start)
        piece = read_at(self.path, self.descriptor, wanted, start)
        while len(piece) < wanted:
            more = read_at(self.path, self.descriptor, wanted - len(piece), start + len(piece))
            if not more:
                raise problems.changed(self.path)
            piece += more
        return piece


def as_block(index: int, piece: bytes) -> Block | None:
    """A piece of the file as a block, or None if it is all zeros."""
    data = piece if len(piece) == BLOCK_BYTES else piece.ljust(BLOCK_BYTES, b"\0")
    if data == ZERO_BLOCK:
        return None
    return Block(index, data, hashlib.sha256(data).digest())


@contextmanager
def open_disk(path: Path | str) -> Iterator[RawDisk]:
    """Open a raw disk. DiskError unless it is a readable, regular, non-empty file, and not in another
    format."""
    with open_file(path) as (disk, found):
        if found is not None:
            raise refusal(path, found)
        yield disk


@contextmanager
def open_file(path: Path | str) -> Iterator[tuple[RawDisk, Format | None]]:
    """Open a file as if it were a raw disk, and tell its format if it is in another one. DiskError unless it
    is a readable, regular, non-empty file."""
    descriptor = _open(path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise problems.not_a_file(path, status.st_mode)
        if status.st_size == 0:
            raise problems.empty(path)
        found = foreign_format(reader_of(path, descriptor), status.st_size)
        yield RawDisk(path, descriptor, fingerprint_of(status)), found
    finally:
        os.close(descriptor)


def blocks(
    path: Path | str, *, stop: Event | None = None, on_progress: OnProgress | None = None
) -> Iterator[Block]:
    """The non-zero blocks of the raw disk at `path`, in the order of their indexes.

    At most one block is held at a time. Errors as for `open_disk` and `RawDisk.pieces`; a change of the file
    is reported after the last block at the latest.
    """
    with open_disk(path) as disk:
        yield from disk.blocks(stop, on_progress)


def read_disk(
    path: Path | str,
    *,
    sha256: str | None = None,
    on_progress: OnProgress | None = None,
    on_block: Callable[[int, bytes], None] | None = None,
    stop: Event | None = None,
) -> Disk:
    """Read the raw disk at `path` once; see `read_open`. Errors as for `open_disk`, too."""
    with open_disk(path) as disk:
        return read_open(disk, sha256=sha256, on_progress=on_progress, on_block=on_block, stop=stop)


def read_open(
    disk: RawDisk,
    *,
    sha256: str | None = None,
    on_progress: OnProgress | None = None,
    on_block: Callable[[int, bytes], None] | None = None,
    stop: Event | None = None,
) -> Disk:
    """Read an open disk once; its digest, size and number of non-zero blocks.

    With the `sha256` (hex) of its source, unless that was verified already, the file's own bytes are hashed
    too, holes included: DiskError if they differ. `on_block` gets the index and the SHA-256 of each block
    that is not all zeros. Errors as for `RawDisk.blocks`.
    """
    wanted = sha256.lower() if sha256 else None
    digest, whole = Digest(), FileHash() if wanted not in (None, disk.sha256) else None
    for index, piece in disk.pieces(stop):
        block = as_block(index, piece)
        if block is not None:
            digest.add(index, block.sha256)
            if on_block is not None:
                on_block(index, block.sha256)
        if whole is not None:
            whole.add(index * BLOCK_BYTES, piece, stop)
        if on_progress is not None:
            on_progress(index * BLOCK_BYTES + len(piece), disk.size)
    if whole is not None and wanted is not None:
        check_sha256(disk.path, whole.finish(disk.size, stop), wanted)
    if on_progress is not None:
        on_progress(disk.size, disk.size)
    return Disk(digest.hexdigest(), disk.size, digest.blocks, wanted)


def check_sha256(path: Path | str, found: str, wanted: str) -> None:
    """DiskError if the SHA-256 of a source's bytes is not the one in its spec."""
    if found != wanted.lower():
        raise problems.other_sha256(path, wanted.lower(), found)


def _open(path: Path | str) -> int:
    """Open a regular file, and only such: opening a FIFO would wait, and opening a device may have
    effects."""
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            raise problems.not_a_file(path, mode)
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise problems.unreadable(path, error) from error

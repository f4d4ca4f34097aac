"""Big request bodies and objects as files: what is stored, and read back piece by piece, never as a whole."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 1 << 18
_ZEROS = bytes(PIECE_BYTES)


class CutShort(Exception):
    """Fewer bytes came than were announced."""


@dataclass(frozen=True)
class StoredBody:
    """A body in a file, of which zeros are holes. `md5` is raw, of all its bytes."""

    path: Path
    size: int
    md5: bytes

    def read(self) -> bytes:
        """All of it, for what cannot take it piece by piece."""
        return self.path.read_bytes()

    def discard(self) -> None:
        """Delete the file, unless somebody has taken it."""
        self.path.unlink(missing_ok=True)


def store(source: BinaryIO, size: int, folder: Path) -> StoredBody:
    """Write `size` bytes of a stream into a new file of a folder. CutShort where it ends before."""
    return store_pieces(_pieces_of(source, size), folder)


def store_pieces(pieces: Iterable[bytes], folder: Path) -> StoredBody:
    """The same of pieces of any length."""
    md5, size = hashlib.md5(usedforsecurity=False), 0
    descriptor, name = tempfile.mkstemp(dir=folder)
    try:
        for piece in pieces:
            md5.update(piece)
            if piece != _ZEROS[: len(piece)]:
                os.pwrite(descriptor, piece, size)
            size += len(piece)
        os.ftruncate(descriptor, size)
    except BaseException:
        Path(name).unlink()
        raise
    finally:
        os.close(descriptor)
    return StoredBody(Path(name), size, md5.digest())


def _pieces_of(source: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = source.read(min(left, PIECE_BYTES))
        if not piece:
            raise CutShort
        left -= len(piece)
        yield piece


def decode_chunks(body: bytes) -> tuple[bytes, dict[str, str]]:
    """A body that was sent `aws-chunked`, and its trailing headers by names in lower case.

    It is `SIZE;chunk-signature=…`, the bytes, and again, the last of size 0 (Signature V4, "Chunked upload",
    "Trailing headers"). Signatures are passed over.
    """
    chunks: list[bytes] = []
    position = 0
    while True:
        end = body.index(b"\r\n", position)
        size = int(body[position:end].partition(b";")[0], 16)
        if not size:
            break
        chunks.append(body[end + 2 : end + 2 + size])
        position = end + 2 + size + 2
    lines = body[end + 2 :].decode("latin-1").splitlines()
    split = (line.partition(":") for line in lines if ":" in line)
    return b"".join(chunks), {name.strip().lower(): value.strip() for name, _, value in split}


class ObjectContent(io.RawIOBase):
    """An object's bytes: those of some files, one after the other. Closed, it deletes them."""

    def __init__(self, bodies: Iterable[tuple[Path, int]]) -> None:
        super().__init__()
        self._bodies = tuple(bodies)
        self.size = sum(size for _, size in self._bodies)
        self._position = 0

    @property
    def only(self) -> Path | None:
        """The file that holds all, where one does."""
        return self._bodies[0][0] if len(self._bodies) == 1 else None

    def pieces(self, start: int, end: int, length: int = PIECE_BYTES) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, `length` at a time, the last fewer. Any thread may read."""
        buffer = bytearray()
        for path, first, last in self._parts(start, end):
            with path.open("rb", buffering=0) as file:
                position = first
                while position < last:
                    piece = os.pread(file.fileno(), min(length - len(buffer), last - position), position)
                    if not piece:
                        raise CutShort
                    position += len(piece)
                    buffer += piece
                    if len(buffer) == length:
                        yield bytes(buffer)
                        buffer.clear()
        if buffer:
            yield bytes(buffer)

    def _parts(self, start: int, end: int) -> Iterator[tuple[Path, int, int]]:
        offset = 0
        for path, size in self._bodies:
            first, last = max(start - offset, 0), min(end - offset, size)
            if first < last:
                yield path, first, last
            offset += size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        end = self.size if size is None or size < 0 else min(self._position + size, self.size)
        data = b"".join(self.pieces(self._position, end))
        self._position += len(data)
        return data

    def close(self) -> None:
        if not self.closed:
            for path, _ in self._bodies:
                path.unlink(missing_ok=True)
        super().close()

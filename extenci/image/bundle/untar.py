"""Reads a tar stream of one disk, from an untrusted maker: plain, or sparse in GNU's old format.

Everything is bounded before it is used: the numbers in a header, the stretches of data, the padding.
Source: GNU tar manual, "Basic Tar Format"; POSIX.1-2017, pax, "ustar Interchange Format".
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator

from extenci.image.bundle.tar import IN_EXTENSION, IN_HEADER, RECORD, Stretch
from extenci.model.errors import DiskError

MOST_NAME_BYTES = 64 * 1024
MOST_PADDING = 1024**2
"""The most zeros that may follow the disk."""
MOST_STRETCHES = 2_000_000
PIECE_BYTES = 64 * 1024

_ZEROS = bytes(PIECE_BYTES)

_OCTAL = re.compile(rb"[0-7]{1,12}")

ReadBytes = Callable[[int], bytes]
"""Returns at most so many bytes of the stream, none at its end."""
WriteAt = Callable[[int, bytes], None]
"""Writes bytes of the disk (second) at an offset (first)."""


def untar(read: ReadBytes, write: WriteAt, size: int) -> None:
    """Write the disk in a tar stream, which must have `size` bytes and be its only member. Bytes that are not
    written are zeros. DiskError if the stream holds anything else."""
    header = _next_header(read)
    kind, stored = header[156:157], _number(header[124:136])
    if kind in (b"0", b"\0", b"7"):
        if stored != size:
            raise broken(f"its disk has {stored:,} bytes, not {size:,} as its manifest says")
        stretches = iter(((0, size),))
    elif kind == b"S":
        stretches = _listed(_stretches(read, header, stored, size))
    else:
        raise broken("its tar file does not hold a disk in a supported format")
    left = stored
    for start, length in stretches:
        _copy(read, write, start, length)
        left -= length
    if left:
        raise broken("its tar file contradicts itself")
    _exactly(read, -stored % RECORD)
    _check_end(read)


def _listed(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """Read all stretches before the data, which follows them."""
    numbers = array("Q")
    for stretch in stretches:
        numbers.extend(stretch)
        if len(numbers) > 2 * MOST_STRETCHES:
            raise broken("its tar file has too many holes")
    return zip(numbers[::2], numbers[1::2], strict=True)


def broken(problem: str) -> DiskError:
    """The error for a bundle that cannot be unbundled."""
    return DiskError(f"The bundle cannot be opened: {problem}.", "Get the bundle again from its origin.")


def _next_header(read: ReadBytes) -> bytes:
    """The first header that is not a long name."""
    for _ in range(3):
        header = _exactly(read, RECORD)
        if _checksum(header) != _number(header[148:156].strip(b" \0") or b"x"):
            raise broken("its decrypted content is not a tar file")
        if header[156:157] not in (b"L", b"K"):
            return header
        length = _number(header[124:136])
        if length > MOST_NAME_BYTES:
            raise broken("the name in its tar file is too long")
        _exactly(read, length + -length % RECORD)
    raise broken("its tar file begins with too many names")


def _checksum(header: bytes) -> int:
    return sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")


def _number(field: bytes) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    if not _OCTAL.fullmatch(text):
        raise broken("its decrypted content is not a tar file")
    return int(text, 8)


def _stretches(read: ReadBytes, header: bytes, stored: int, size: int) -> Iterator[Stretch]:
    """The stretches of data, in order and without overlaps, no longer in all than `stored`."""
    if _number(header[483:495]) != size:
        raise broken(f"its disk does not have {size:,} bytes, as its manifest says")
    table, entries, is_extended = header[386:482], IN_HEADER, header[482]
    end = total = 0
    while True:
        for place in range(entries):
            entry = table[24 * place : 24 * place + 24]
            if not entry[:12].strip(b"\0"):
                continue
            start, length = _number(entry[:12]), _number(entry[12:])
            total += length
            if start < end or start + length > size or total > stored:
                raise broken("its tar file contradicts itself")
            end = start + length
            if length:
                yield start, length
        if not is_extended:
            return
        record = _exactly(read, RECORD)
        table, entries, is_extended = record[:504], IN_EXTENSION, record[504]


def _copy(read: ReadBytes, write: WriteAt, start: int, length: int) -> None:
    end = start + length
    while start < end:
        piece = _exactly(read, min(PIECE_BYTES, end - start))
        if not _is_zeros(piece):
            write(start, piece)
        start += len(piece)


def _check_end(read: ReadBytes) -> None:
    """Check that only zeros follow, and not too many."""
    length = 0
    while piece := read(PIECE_BYTES):
        length += len(piece)
        if length > MOST_PADDING or not _is_zeros(piece):
            raise broken("its tar file has data after the disk")


def _is_zeros(piece: bytes) -> bool:
    return piece == (_ZEROS if len(piece) == PIECE_BYTES else bytes(len(piece)))


def _exactly(read: ReadBytes, length: int) -> bytes:
    data = read(length)
    while len(data) < length:
        more = read(length - len(data))
        if not more:
            raise broken("it ends too early")
        data += more
    return data

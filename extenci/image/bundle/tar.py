"""Writes a disk as a tar file of one member, sparse in GNU's old format, as `tar -S` of ec2-ami-tools does.
Holes take no space, and `tar -x` restores them.

Source: GNU tar manual, "Basic Tar Format" (struct oldgnu_header, struct sp_array).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from extenci.model.version import BLOCK_BYTES

RECORD = 512
FACTOR = 20
"""A tar file's size is a multiple of so many records (tar's `--blocking-factor`)."""
IN_HEADER = 4
IN_EXTENSION = 21
"""The stretches of data that fit into the header, and into each record after it."""
NAME_BYTES = 100
MODIFIED = 1191974400
"""The member's time, in seconds since 1970. A disk's own time stays private, and tar warns of 0."""
OCTAL_LIMIT = 8**11

Stretch = tuple[int, int]
"""The offset of data, and its length in bytes."""


def stretches_of(indexes: Iterable[int], size: int) -> Iterator[Stretch]:
    """The stretches of data in blocks, with an empty one at the end if the disk ends in a hole."""
    start = end = 0
    for index in indexes:
        first, last = index * BLOCK_BYTES, min((index + 1) * BLOCK_BYTES, size)
        if first != end:
            if end > start:
                yield start, end - start
            start = first
        end = last
    if end > start:
        yield start, end - start
    if end < size:
        yield size, 0


def tar_stream(
    name: str, size: int, indexes: Callable[[], Iterable[int]], read: Callable[[int], bytes]
) -> Iterator[bytes]:
    """The tar file of a disk, in pieces of at most 512 KiB.

    Each call of `indexes` returns the blocks that are not all zeros, in order; `read` returns the 512 KiB of
    one, also at the disk's end. Errors are those of `read`.
    """
    count = stored = 0
    for _, length in stretches_of(indexes(), size):
        count, stored = count + 1, stored + length
    written = 0
    for piece in _head(name, size, stored, count, stretches_of(indexes(), size)):
        written += len(piece)
        yield piece
    for index in indexes():
        data = read(index)[: size - index * BLOCK_BYTES]
        written += len(data)
        yield data
    end = written + -written % RECORD + 2 * RECORD
    yield bytes(end - written + -end % (FACTOR * RECORD))


def _head(name: str, size: int, stored: int, count: int, stretches: Iterator[Stretch]) -> Iterator[bytes]:
    yield _header(name, size, stored, count > IN_HEADER, _map(stretches, IN_HEADER))
    left = count - IN_HEADER
    while left > 0:
        left -= IN_EXTENSION
        yield (_map(stretches, IN_EXTENSION) + (b"\1" if left > 0 else b"\0")).ljust(RECORD, b"\0")


def _map(stretches: Iterator[Stretch], room: int) -> bytes:
    text = b""
    for _ in range(room):
        found = next(stretches, None)
        text += bytes(24) if found is None else number(found[0]) + number(found[1])
    return text


def _header(name: str, size: int, stored: int, is_extended: bool, sparse: bytes) -> bytes:
    before = (
        name.encode()[:NAME_BYTES].ljust(NAME_BYTES, b"\0")
        + b"0000644\0"
        + b"0000000\0" * 2
        + number(stored)
        + number(MODIFIED)
    )
    after = (
        b"S"
        + bytes(100)
        + b"ustar  \0"
        + b"root".ljust(32, b"\0") * 2
        + bytes(16)  # devices
        + bytes(41)  # other times, offset, long names, unused
        + sparse
        + (b"\1" if is_extended else b"\0")
        + number(size)
    ).ljust(RECORD - 156, b"\0")
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + f"{checksum:06o}\0 ".encode() + after


def number(value: int) -> bytes:
    """A number in 12 bytes: in octal, or from 8 GiB on in base 256, as GNU tar writes it."""
    if value < OCTAL_LIMIT:
        return f"{value:011o}\0".encode()
    return b"\x80" + value.to_bytes(11, "big")

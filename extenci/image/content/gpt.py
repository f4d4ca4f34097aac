"""Reads GUID partition tables. Source: UEFI Specification 2.10, 5.3."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from extenci.image.content.reach import Reach
from extenci.image.read_at import ReadAt

SECTOR_SIZES = (512, 4096)
_HEADER = struct.Struct("<8sIIII QQQQ 16x QIII")
_SIGNATURE = b"EFI PART"
_ENTRY = struct.Struct("<16s16xQQ")
_SMALLEST_ENTRY = 128
_MOST_BYTES = 1 << 20
"""Bytes of a table of partitions: 64 times as many as are usual."""
_FARTHEST_SECTOR = 1 << 50


@dataclass(frozen=True)
class Gpt:
    """A valid table: its sector size in bytes, the sectors of its other header and of the last one for
    partitions, and the number and last sector of each partition."""

    sector: int
    other_header: int
    last_usable: int
    partitions: tuple[tuple[int, int], ...]

    def reaches(self) -> Iterator[Reach]:
        """How far the table and its partitions reach."""
        yield Reach((max(self.other_header, self.last_usable) + 1) * self.sector, "its GPT")
        for number, last in self.partitions:
            yield Reach((last + 1) * self.sector, f"its partition {number}")


def find_gpt(read: ReadAt, size: int) -> Gpt | None:
    """The table of a disk of `size` bytes: that of its first header whose checksums are right, or else of the
    one in its last sector."""
    for sector in SECTOR_SIZES:
        if (found := _read_gpt(read, sector, 1)) is not None:
            return found
    for sector in SECTOR_SIZES:
        if (found := _read_gpt(read, sector, size // sector - 1)) is not None:
            return found
    return None


def _read_gpt(read: ReadAt, sector: int, place: int) -> Gpt | None:
    """The table whose header is in a sector; None unless there is one with right checksums."""
    head = read(sector, place * sector) if place > 0 else b""
    if len(head) < sector or not _is_header(head, place):
        return None
    *_, other, _first, last, table, count, width, checksum = _HEADER.unpack_from(head)
    if width < _SMALLEST_ENTRY or count * width > _MOST_BYTES or table > _FARTHEST_SECTOR:
        return None
    entries = read(count * width, table * sector)
    if len(entries) < count * width or zlib.crc32(entries) != checksum:
        return None
    return Gpt(sector, other, last, tuple(_partitions(entries, width)))


def _is_header(head: bytes, place: int) -> bool:
    """Whether a sector is a header that belongs there and has the right checksum."""
    signature, _revision, length, checksum, _reserved, here, *_ = _HEADER.unpack_from(head)
    if signature != _SIGNATURE or here != place or not _HEADER.size <= length <= len(head):
        return False
    return bool(zlib.crc32(head[:16] + bytes(4) + head[20:length]) == checksum)


def _partitions(entries: bytes, width: int) -> Iterator[tuple[int, int]]:
    for number, offset in enumerate(range(0, len(entries), width), 1):
        type_, _first, last = _ENTRY.unpack_from(entries, offset)
        if any(type_):
            yield number, last

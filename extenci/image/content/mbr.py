"""Reads partition tables of PCs: the four entries of the MBR, and chains of logical partitions.

Source: UEFI Specification 2.10, 5.2 (MBR); Linux, block/partitions/msdos.c (extended partitions).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from extenci.image.content.reach import Reach
from extenci.image.read_at import ReadAt

SECTOR = 512
"""Bytes of a sector. Tables of disks with 4,096-byte sectors count those: they reach eight times as far as is
believed here, so that none is refused wrongly."""

_TABLE_OFFSET = 446
_SIGNATURE = b"\x55\xaa"
_EXTENDED = frozenset({0x05, 0x0F, 0x85})
_PROTECTIVE = 0xEE
_MOST_LOGICAL = 256


@dataclass(frozen=True)
class Entry:
    """An entry of a table: its place in it from 1, the partition's type, and its sectors."""

    number: int
    type: int
    first: int
    count: int

    @property
    def end(self) -> int:
        """The first sector behind it."""
        return self.first + self.count

    @property
    def is_protective(self) -> bool:
        """Whether it says that a GPT describes the disk."""
        return self.type == _PROTECTIVE


def has_signature(sector: bytes) -> bool:
    """Whether a sector is a boot sector, or an MBR."""
    return sector[510:512] == _SIGNATURE


def read_entries(sector: bytes) -> tuple[Entry, ...]:
    """The partitions in an MBR; none where the bytes at their place are something else, such as code."""
    if not has_signature(sector):
        return ()
    entries = []
    for number in range(4):
        status, type_, first, count = struct.unpack_from("<B3xB3xII", sector, _TABLE_OFFSET + 16 * number)
        if status not in (0x00, 0x80):
            return ()
        if type_ and count:
            entries.append(Entry(number + 1, type_, first, count))
    return tuple(entries)


def reaches(read: ReadAt, entries: tuple[Entry, ...]) -> Iterator[Reach]:
    """How far each partition reaches, the logical ones included. An entry that only protects a GPT claims
    nothing."""
    for entry in entries:
        if entry.is_protective:
            continue
        yield Reach(entry.end * SECTOR, f"its partition {entry.number}")
        if entry.type in _EXTENDED:
            yield from _logical_reaches(read, entry.first)


def _logical_reaches(read: ReadAt, base: int) -> Iterator[Reach]:
    """How far the logical partitions of an extended one reach. A chain that returns to itself ends."""
    table, seen, number = base, set[int](), 5
    while table not in seen and len(seen) < _MOST_LOGICAL:
        seen.add(table)
        entries = read_entries(read(SECTOR, table * SECTOR))
        following = None
        for entry in entries[:2]:
            if entry.type in _EXTENDED:
                following = base + entry.first
            else:
                yield Reach((table + entry.end) * SECTOR, f"its partition {number}")
                number += 1
        if following is None:
            return
        table = following
        yield Reach((table + 1) * SECTOR, "its table of logical partitions")

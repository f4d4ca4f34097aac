"""The length of a qcow2 image's file. Source: QEMU docs/interop/qcow2.rst.

Its last cluster may be short: QEMU writes a compressed one to the end of its last sector only, and one with
subclusters to the end of the last of these (seen with 7.2); others write no further than the disk reaches.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from extenci.image.completeness.tables import read_pieces
from extenci.image.read_at import ReadAt

_OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED = 1 << 62
_SUBCLUSTERS = 32
_EXTENDED_L2 = 0b10000
_SECTOR = 512
_MOST_TABLES = 32 * 1024**2 // 8
"""Entries of the first table: QEMU takes no more (block/qcow2.h, QCOW_MAX_L1_SIZE)."""


@dataclass(frozen=True)
class _Header:
    """The bits of a cluster's size, the disk's bytes, the first table's place and number of entries, and the
    bytes of an entry in the second ones."""

    cluster_bits: int
    disk: int
    tables: int
    tables_count: int
    entry: int

    @property
    def cluster(self) -> int:
        """Bytes of a cluster."""
        return 1 << self.cluster_bits


def needed_bytes(read: ReadAt, size: int) -> int:
    """The length that the file of `size` bytes needs, as far as that is more than `size` by less than a
    cluster: `qemu-img check` finds the rest. Nothing is read if the file ends with a cluster."""
    header = _read_header(read)
    if size % header.cluster == 0:
        return size
    return max(_ends(read, header, size), default=0)


def _read_header(read: ReadAt) -> _Header:
    head = read(104, 0)
    (version,), (bits,) = struct.unpack_from(">I", head, 4), struct.unpack_from(">I", head, 20)
    (disk,), (count,) = struct.unpack_from(">Q", head, 24), struct.unpack_from(">I", head, 36)
    (tables,) = struct.unpack_from(">Q", head, 40)
    features = struct.unpack_from(">Q", head, 72)[0] if version >= 3 else 0
    entry = 16 if features & _EXTENDED_L2 else 8
    return _Header(min(bits, 21), disk, tables & _OFFSET_MASK, min(count, _MOST_TABLES), entry)


def _ends(read: ReadAt, header: _Header, size: int) -> Iterator[int]:
    """The ends of the tables, and of clusters with data that begin or end in the last one of the file."""
    yield header.tables + header.tables_count * 8
    position, entries = 0, header.cluster // header.entry
    for tables in read_pieces(read, header.tables, header.tables_count, 8, "big"):
        for table in tables:
            place = table & _OFFSET_MASK
            if place:
                yield place + header.cluster
                yield from _cluster_ends(read, header, size, place, position)
            position += entries * header.cluster


def _cluster_ends(read: ReadAt, header: _Header, size: int, table: int, position: int) -> Iterator[int]:
    """The ends of the clusters that a second table names; `position` is the first one's place on the disk."""
    late = size - header.cluster
    numbers = [
        number for piece in read_pieces(read, table, header.cluster // 8, 8, "big") for number in piece
    ]
    step = header.entry // 8
    for index in range(0, len(numbers), step):
        number = numbers[index]
        if number & _COMPRESSED:
            yield _compressed_end(header, number)
        elif (place := number & _OFFSET_MASK) > late:
            left = header.disk - position - index // step * header.cluster
            written = _written(header, numbers[index + 1]) if step == 2 else header.cluster
            yield int(place) + max(0, min(written, -(-left // _SECTOR) * _SECTOR))


def _written(header: _Header, bitmap: int) -> int:
    """Bytes of a cluster up to the end of the last subcluster that holds data."""
    allocated: int = bitmap & (2**_SUBCLUSTERS - 1)
    return allocated.bit_length() * header.cluster // _SUBCLUSTERS


def _compressed_end(header: _Header, number: int) -> int:
    """The end of the last sector of compressed data."""
    bits = 62 - (header.cluster_bits - 8)
    place, more = number & (1 << bits) - 1, number >> bits & (1 << 62 - bits) - 1
    return (place // _SECTOR + 1 + more) * _SECTOR

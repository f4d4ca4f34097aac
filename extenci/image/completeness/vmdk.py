"""The length of a sparse VMDK image's file. Source: VMware "Virtual Disk Format 5.0"; QEMU block/vmdk.c."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from extenci.image.completeness.tables import read_table
from extenci.image.read_at import ReadAt

_SECTOR = 512
_HEADER = struct.Struct("<4sIIQQQQIQQ")
_AT_END = 2**64 - 1
_FOOTER_FROM_END = 1024
_COMPRESSED = 1 << 16
_MARKER = struct.Struct("<QI")
_MOST_TABLES = 32 * 1024**2
"""QEMU takes no more (block/vmdk.c, vmdk_add_extent)."""


def needed_bytes(read: ReadAt, size: int) -> int:
    """The length that the file of `size` bytes needs."""
    header = _HEADER.unpack_from(read(_HEADER.size, 0))
    if header[-1] == _AT_END:
        header = _HEADER.unpack_from(read(_HEADER.size, max(0, size - _FOOTER_FROM_END)))
    _magic, _version, flags, capacity, grain, _, _, entries, _, directory = header
    if not 0 < grain <= 1 << 20 or not 0 < entries <= 1 << 16:
        return size
    count = min(-(-capacity // (grain * entries)), _MOST_TABLES)
    last = need = found = 0
    for table in _tables(read, directory, count):
        need, found = max(need, table * _SECTOR + entries * 4), found + 1
        if found * entries * 4 > size + _SECTOR:
            break  # more tables than the file has room for: one is named often
        last = max(last, max(read_table(read, table * _SECTOR, entries, 4, "little"), default=0))
    return max(need, _grain_end(read, last * _SECTOR, grain * _SECTOR, flags) if last > 1 else 0)


def _tables(read: ReadAt, directory: int, count: int) -> Iterator[int]:
    """The sectors of the grain tables."""
    if directory > 1 << 50:
        return iter(())
    return read_table(read, directory * _SECTOR, count, 4, "little")


def _grain_end(read: ReadAt, offset: int, length: int, flags: int) -> int:
    """The end of the grain at an offset. A compressed one has its length before it."""
    if not flags & _COMPRESSED:
        return offset + length
    marker = read(_MARKER.size, offset)
    if len(marker) < _MARKER.size:
        return offset + _SECTOR
    _position, packed = _MARKER.unpack(marker)
    return offset + _MARKER.size + int(packed)

"""The length of a dynamic VHD image's file. Source: Microsoft "VHD Image Format".

The place of a block that is not in the file is all ones. The footer ends the file; old programs wrote 511
bytes of it.
"""

from __future__ import annotations

import struct

from extenci.image.completeness.tables import read_table
from extenci.image.read_at import ReadAt

_SECTOR = 512
_UNUSED = 0xFFFF_FFFF
_SHORTEST_FOOTER = 511
_MOST_BLOCKS = 1 << 24
"""Blocks of the usual 2 MiB of 32 TiB; the format goes to 2 TiB."""


def needed_bytes(read: ReadAt, size: int) -> int:
    """The length that the file of `size` bytes needs. A fixed image's header says that itself."""
    footer = read(_SECTOR, 0)
    if not footer.startswith(b"conectix"):
        return size
    (place,) = struct.unpack_from(">Q", footer, 16)
    header = read(_SECTOR, place) if place < 1 << 62 else b""
    (table,), (count, block) = struct.unpack_from(">Q", header, 16), struct.unpack_from(">II", header, 28)
    bitmap = -(-block // (8 * _SECTOR * _SECTOR)) * _SECTOR
    if table >= 1 << 62:
        return int(table)
    numbers = read_table(read, table, min(count, _MOST_BLOCKS), 4, "big")
    last = max((number for number in numbers if number != _UNUSED), default=None)
    blocks_end = 0 if last is None else last * _SECTOR + bitmap + block
    return int(max(blocks_end, table + count * 4)) + _SHORTEST_FOOTER

"""The length of a VHDX image's file. Source: MS-VHDX, 2.5 (block allocation table) and 2.6 (metadata)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain

from extenci.image import vhdx
from extenci.image.completeness.tables import read_pieces
from extenci.image.read_at import ReadAt

_STATE = 0b111
_PRESENT = 6
_OFFSET_MASK = ~((1 << 20) - 1)
_CHUNK_SECTORS = 1 << 23
"""Sectors whose blocks are followed by an entry for their bitmap."""
_MOST_ENTRIES = 1 << 26
"""A block of 1 MiB each: the largest disk has no more."""


def needed_bytes(read: ReadAt, size: int) -> int:
    """The length that the file of `size` bytes needs. struct.error if its tables are cut off."""
    for region, _length in vhdx.regions(read, vhdx.METADATA):
        items = vhdx.metadata(read, region)
        if not {vhdx.FILE_PARAMETERS, vhdx.LOGICAL_SECTOR} <= items.keys():
            continue
        (block,) = struct.unpack("<I", vhdx.bytes_at(read, 4, items[vhdx.FILE_PARAMETERS]))
        (sector,) = struct.unpack("<I", vhdx.bytes_at(read, 4, items[vhdx.LOGICAL_SECTOR]))
        if block >= 1 << 20 and sector in (512, 4096):
            return max(_ends(read, block, _CHUNK_SECTORS * sector // block), default=0)
    return size


def _ends(read: ReadAt, block: int, chunk: int) -> Iterator[int]:
    """The ends of the table and of all blocks in the file; a chunk has so many blocks, then a bitmap."""
    for offset, length in vhdx.regions(read, vhdx.BLOCK_TABLE):
        if offset >= 1 << 62:
            continue
        yield offset + length
        count = min(length // 8, _MOST_ENTRIES)
        pieces = read_pieces(read, offset, count, 8, "little")
        for number, entry in enumerate(chain.from_iterable(pieces), 1):
            if entry & _STATE == _PRESENT and number % (chunk + 1):
                yield (entry & _OFFSET_MASK) + block

"""Tells whether a VHDX image has a parent. Source: MS-VHDX, 2.2.3 (region table) and 2.6 (metadata).

All numbers are little-endian. Both copies of the region table are examined, since a reader may use either.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator

from extenci.image.read_at import ReadAt

_REGION_TABLES = (192 * 1024, 256 * 1024)
_METADATA_REGION = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e")
_FILE_PARAMETERS = uuid.UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b")
_PARENT_LOCATOR = uuid.UUID("a8d35f2d-b30b-454d-abf7-d3d84834ab0c")
_MOST_ENTRIES = 2047
_HAS_PARENT = 0b10


def has_parent(read: ReadAt) -> bool | None:
    """Whether the image has a parent; None if its tables are missing. struct.error if they are cut off."""
    answers = [_region_names_parent(read, region) for region in _metadata_regions(read)]
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def _metadata_regions(read: ReadAt) -> Iterator[int]:
    """The offsets of metadata regions in the file, in bytes."""
    for table in _REGION_TABLES:
        head = read(16, table)
        if head[:4] != b"regi":
            continue
        (count,) = struct.unpack_from("<I", head, 8)
        entries = read(32 * min(count, _MOST_ENTRIES), table + 16)
        for guid, offset in struct.iter_unpack("<16sQ8x", entries):
            if uuid.UUID(bytes_le=guid) == _METADATA_REGION:
                yield offset


def _region_names_parent(read: ReadAt, region: int) -> bool | None:
    head = _bytes_at(read, 32, region)
    if head[:8] != b"metadata":
        return None
    (count,) = struct.unpack_from("<H", head, 10)
    found = None
    entries = _bytes_at(read, 32 * min(count, _MOST_ENTRIES), region + 32)
    for guid, offset in struct.iter_unpack("<16sI12x", entries):
        match uuid.UUID(bytes_le=guid):
            case item if item == _PARENT_LOCATOR:
                return True
            case item if item == _FILE_PARAMETERS:
                _block, flags = struct.unpack("<II", _bytes_at(read, 8, region + offset))
                found = bool(flags & _HAS_PARENT)
            case _:
                pass
    return found


def _bytes_at(read: ReadAt, length: int, offset: int) -> bytes:
    """Bytes of the file; none if the offset is absurd."""
    return read(length, offset) if offset < 1 << 62 else b""

"""Reads the tables of VHDX images. Source: MS-VHDX, 2.2.3 (region table) and 2.6 (metadata).

All numbers are little-endian. Both copies of the region table are examined, since a reader may use either.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator

from extenci.image.read_at import ReadAt

BLOCK_TABLE = uuid.UUID("2dc27766-f623-4200-9d64-115e9bfd4a08")
METADATA = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e")
FILE_PARAMETERS = uuid.UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b")
DISK_SIZE = uuid.UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8")
LOGICAL_SECTOR = uuid.UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f")
PARENT_LOCATOR = uuid.UUID("a8d35f2d-b30b-454d-abf7-d3d84834ab0c")

_REGION_TABLES = (192 * 1024, 256 * 1024)
_MOST_ENTRIES = 2047
_HAS_PARENT = 0b10


def has_parent(read: ReadAt) -> bool | None:
    """Whether the image has a parent; None if its tables are missing. struct.error if they are cut off."""
    answers = [_region_names_parent(read, offset) for offset, _ in regions(read, METADATA)]
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def regions(read: ReadAt, wanted: uuid.UUID) -> Iterator[tuple[int, int]]:
    """The offset in the file and the length of each region of a kind, in bytes."""
    for table in _REGION_TABLES:
        head = read(16, table)
        if head[:4] != b"regi":
            continue
        (count,) = struct.unpack_from("<I", head, 8)
        entries = read(32 * min(count, _MOST_ENTRIES), table + 16)
        for guid, offset, length in struct.iter_unpack("<16sQI4x", entries):
            if uuid.UUID(bytes_le=guid) == wanted:
                yield offset, length


def metadata(read: ReadAt, region: int) -> dict[uuid.UUID, int]:
    """The offset in the file of each item of a metadata region; none if there is no such region."""
    head = bytes_at(read, 32, region)
    if head[:8] != b"metadata":
        return {}
    (count,) = struct.unpack_from("<H", head, 10)
    entries = bytes_at(read, 32 * min(count, _MOST_ENTRIES), region + 32)
    return {
        uuid.UUID(bytes_le=guid): region + offset for guid, offset in struct.iter_unpack("<16sI12x", entries)
    }


def bytes_at(read: ReadAt, length: int, offset: int) -> bytes:
    """Bytes of the file; none if the offset is absurd."""
    return read(length, offset) if offset < 1 << 62 else b""


def _region_names_parent(read: ReadAt, region: int) -> bool | None:
    items = metadata(read, region)
    if PARENT_LOCATOR in items:
        return True
    if FILE_PARAMETERS not in items:
        return None
    _block, flags = struct.unpack("<II", bytes_at(read, 8, items[FILE_PARAMETERS]))
    return bool(flags & _HAS_PARENT)

"""Tiny disks that look like disks: a boot sector with a partition, and content that does not compress."""

from __future__ import annotations

import random
import struct
from pathlib import Path

SECTOR = 512
SMALL = 3 * 512 * 1024
"""Bytes of a disk of three blocks."""
LARGE = 11 * 1024 * 1024
"""Bytes of a disk with two parts of a bundle (10 MiB), and several of an upload."""
_FIRST = 64


def make_disk(path: Path, version: int, size: int = SMALL) -> bytes:
    """A disk whose content is that of its version: its first two blocks, and all after the second MiB."""
    content = bytearray(random.Random(version).randbytes(size))  # noqa: S311 - no secret
    content[: _FIRST * SECTOR] = bytes(_FIRST * SECTOR)
    sectors = size // SECTOR - _FIRST
    content[446:462] = struct.pack("<B3sB3sII", 0x80, b"\x01\x01\x00", 0x83, b"\xfe\xff\xff", _FIRST, sectors)
    content[510:512] = b"\x55\xaa"
    struct.pack_into("<I", content, 440, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return bytes(content)

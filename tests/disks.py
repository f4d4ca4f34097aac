"""Small disks that are known to be some, for tests that only need bytes to stage."""

from __future__ import annotations

import os
from pathlib import Path

BOOT_SIGNATURE_AT = 510
BOOT_SIGNATURE = b"\x55\xaa"


def disk_bytes(content: bytes = b"disk") -> bytes:
    """A boot sector, and some content behind it."""
    return bytes(BOOT_SIGNATURE_AT) + BOOT_SIGNATURE + content


def add_boot_sector(path: Path) -> None:
    """Make a file of any bytes a disk: it gets the signature of a boot sector."""
    with path.open("r+b") as file:
        file.seek(BOOT_SIGNATURE_AT)
        file.write(BOOT_SIGNATURE)


def noise(count: int) -> bytes:
    """Random bytes that begin as no other kind of file does: of archives' first bytes two come by chance."""
    return bytes(4) + os.urandom(count - 4)

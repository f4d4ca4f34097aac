"""cpio archives in the format `newc`, Linux's initramfs (Documentation/driver-api/early-userspace).

Written here rather than by cpio(1), which would need root for the owners, and could not leave out times:
the same content gives the same bytes.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ArchiveEntry:
    """A file, folder or symbolic link; `name` without a leading slash, `mode` with the kind of file."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def folder(name: str, permissions: int = 0o755) -> ArchiveEntry:
    return ArchiveEntry(name, stat.S_IFDIR | permissions)


def file(name: str, content: bytes, permissions: int = 0o644) -> ArchiveEntry:
    return ArchiveEntry(name, stat.S_IFREG | permissions, content)


def link(name: str, target: str) -> ArchiveEntry:
    return ArchiveEntry(name, stat.S_IFLNK | 0o777, target.encode())


def character_device(name: str, major: int, minor: int) -> ArchiveEntry:
    return ArchiveEntry(name, stat.S_IFCHR | 0o600, b"", (major, minor))


def pack(entries: Iterable[ArchiveEntry]) -> bytes:
    """The archive; folders must come before what is in them."""
    parts = [_record(number, entry) for number, entry in enumerate(entries, 1)]
    return b"".join([*parts, _record(0, ArchiveEntry("TRAILER!!!", 0))])


def _record(number: int, entry: ArchiveEntry) -> bytes:
    name = entry.name.encode() + b"\0"
    fields = (
        number,
        entry.mode,
        0,  # uid
        0,  # gid
        1,  # links
        0,  # time
        len(entry.content),
        0,
        0,
        *entry.device,
        len(name),
        0,
    )
    head = b"070701" + "".join(f"{field:08x}" for field in fields).encode()
    return _padded(head + name) + _padded(entry.content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)

"""The errors about a disk that users read. Paths are shown as they were given."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from extenci.model.errors import DiskChanged, DiskError
from extenci.model.version import shown_source

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def unreadable(path: Path | str, error: Exception) -> DiskError:
    """The file was not found or cannot be opened."""
    match error:
        case FileNotFoundError():
            return DiskError(f"The disk {shown(path)} does not exist.", "Correct its path.")
        case PermissionError():
            return DiskError(
                f"The disk {shown(path)} cannot be read: permission denied.",
                "Give yourself permission to read it, and to enter the folders above it.",
            )
        case OSError():
            return DiskError(f"The disk {shown(path)} cannot be read: {error.strerror or error}.")
        case _:
            return DiskError(f"The disk {shown(path)} cannot be read: this is not a valid path.")


def not_a_file(path: Path | str, mode: int) -> DiskError:
    """The path is that of something other than a regular file."""
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return DiskError(
        f"The disk {shown(path)} is {kind}, not a file.", "Give the path of a file that holds the disk."
    )


def empty(path: Path | str) -> DiskError:
    """The file has no bytes."""
    return DiskError(
        f"The disk {shown(path)} is empty: it has 0 bytes.",
        "Check whether the program that wrote it failed or is still running.",
    )


def broken(path: Path | str, offset: int, error: OSError) -> DiskError:
    """The kernel could not read the bytes at `offset`."""
    return DiskError(
        f"The disk {shown(path)} cannot be read at byte {offset}: {error.strerror or error}.",
        "The storage under it may be failing. Copy the disk from its origin again, and retry.",
    )


def changed(path: Path | str) -> DiskChanged:
    """The file changed since reading it began."""
    return DiskChanged(
        f"The disk {shown(path)} changed while it was read.",
        "Wait until nothing writes to it (such as a running virtual machine or a copy), and try again.",
    )


def other_content(path: Path | str) -> DiskChanged:
    """The file is readable and does not change, but is not the disk that was planned."""
    return DiskChanged(
        f"The disk {shown(path)} is no longer the one that was planned: its content changed.",
        "Plan again to see the changes for its new content.",
    )


def other_sha256(path: Path | str, wanted: str, found: str) -> DiskError:
    """The file's SHA-256 is not the one that the spec pins."""
    return DiskError(
        f"The disk {shown(path)} is not the one that its spec names: its SHA-256 is {found}, not {wanted}.",
        "Get the right file, or correct sha256 in the spec.",
    )


def shown(path: Path | str) -> str:
    """A path or URL for a message: as given, but without possible secrets, and with control characters
    escaped."""
    text = shown_source(os.fsdecode(path))
    return text if text.isprintable() else repr(text)

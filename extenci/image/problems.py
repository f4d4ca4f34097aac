"""What can be wrong with a disk, in words. Paths are shown as they were given."""

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
    """The file cannot be found or opened."""
    match error:
        case FileNotFoundError():
            return DiskError(f"The disk {shown(path)} does not exist.", "Give the path of a disk that does.")
        case PermissionError():
            return DiskError(
                f"The disk {shown(path)} cannot be read: permission denied.",
                "Give yourself the right to read it, and to enter the folders above it.",
            )
        case OSError():
            return DiskError(f"The disk {shown(path)} cannot be read: {error.strerror or error}.")
        case _:
            return DiskError(f"The disk {shown(path)} cannot be read: this is not a path.")


def not_a_file(path: Path | str, mode: int) -> DiskError:
    """Something else than a regular file is there."""
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return DiskError(f"The disk {shown(path)} is {kind}, not a file.", "Give a file that holds the disk.")


def empty(path: Path | str) -> DiskError:
    """The file has no bytes."""
    return DiskError(
        f"The disk {shown(path)} is empty: it has 0 bytes.", "Was it written to the end, or at all?"
    )


def broken(path: Path | str, offset: int, error: OSError) -> DiskError:
    """The kernel could not read the bytes at `offset`."""
    return DiskError(
        f"The disk {shown(path)} cannot be read at byte {offset}: {error.strerror or error}.",
        "The storage under it may be failing. Copy the disk from where it came from, and try again.",
    )


def changed(path: Path | str) -> DiskChanged:
    """The file is not what it was when reading it began."""
    return DiskChanged(
        f"The disk {shown(path)} changed while it was read.",
        "Wait until nothing writes to it (a running virtual machine, a copy under way), and try again.",
    )


def other_content(path: Path | str) -> DiskChanged:
    """The file is readable and at rest, but is not the disk that was planned."""
    return DiskChanged(
        f"The disk {shown(path)} is no longer the one that was planned: its content changed.",
        "Plan again to see what its new content would change.",
    )


def other_sha256(path: Path | str, wanted: str, found: str) -> DiskError:
    """The file's bytes are not those that the spec pins."""
    return DiskError(
        f"The disk {shown(path)} is not the one that its spec names: its SHA-256 is {found}, not {wanted}.",
        "Get the right file, or correct sha256 in the spec.",
    )


def shown(path: Path | str) -> str:
    """A path or URL for a message: as given, without what may be a secret, and with what no terminal should
    get made visible."""
    text = shown_source(os.fsdecode(path))
    return text if text.isprintable() else repr(text)

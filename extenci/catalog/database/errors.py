"""What SQLite and the file system say about the records, as what the user can do about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from extenci.model.errors import CatalogError

REPLACEABLE = (
    "Services with `tags: create` can do without the file, since their tags say what is owned: if all of "
    "yours are, move it away and run the command again. Otherwise restore it from a backup."
)


def explain(path: Path, error: sqlite3.Error | OSError) -> CatalogError:
    """The error that the user sees for one of SQLite or of the file system."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return CatalogError(
            f"The records in {path} cannot be used: {reason}.",
            "Make the file and its folder readable and writable for this user.",
        )
    code = getattr(error, "sqlite_errorname", "")
    for prefix, (reason, hint) in REASONS.items():
        if code.startswith(prefix):
            return CatalogError(f"The records in {path} cannot be used: {reason} ({error}).", hint)
    return CatalogError(f"The records in {path} cannot be used: {error}.", REPLACEABLE)


REASONS = {
    "SQLITE_NOTADB": ("the file is not a database of extenci", REPLACEABLE),
    "SQLITE_CORRUPT": ("the file is damaged", REPLACEABLE),
    "SQLITE_READONLY": (
        "they cannot be written",
        "Make the file and its folder writable for this user, or set EXTENCI_HOME to a folder that is.",
    ),
    "SQLITE_CANTOPEN": (
        "the file cannot be opened",
        "Make the file and its folder readable and writable for this user.",
    ),
    "SQLITE_PERM": ("access is refused", "Make the file and its folder writable for this user."),
    "SQLITE_FULL": (
        "the disk is full",
        "Make space and run the command again: what was recorded until now is kept.",
    ),
    "SQLITE_IOERR": (
        "the disk could not be read or written",
        "See that the disk is healthy and not full, and run the command again: what was recorded is kept.",
    ),
    "SQLITE_BUSY": (
        "another process has been writing them for too long",
        "Wait for the other extenci command to end, and run this one again.",
    ),
    "SQLITE_LOCKED": (
        "another process has been writing them for too long",
        "Wait for the other extenci command to end, and run this one again.",
    ),
}


def newer_version(path: Path, version: int, known: int) -> CatalogError:
    """The file was written by a later extenci than this one."""
    return CatalogError(
        f"The records in {path} are of version {version}, written by a newer extenci; this one knows "
        f"versions up to {known} and could damage them.",
        "Use the newer extenci, or set EXTENCI_HOME to another folder.",
    )

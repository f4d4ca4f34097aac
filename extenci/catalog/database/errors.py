"""Errors of SQLite and of the file system, with what the user can do about them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from extenci.model.errors import CatalogError

REPLACEABLE = (
    "If all of your services have `tags: create`, move the file away and run the command again: their tags "
    "say what is owned. Otherwise, restore it from a backup."
)


def explain(path: Path, error: sqlite3.Error | OSError | UnicodeDecodeError) -> CatalogError:
    """The error that the user sees instead of one of SQLite or of the file system."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return CatalogError(
            f"The records in {path} cannot be used: {reason}.",
            "Make the file and its folder readable and writable for this user.",
        )
    if isinstance(error, UnicodeDecodeError) or "decode" in str(
        error
    ):  # with the text, which may be anything
        return CatalogError(f"The records in {path} cannot be used: the file is damaged.", REPLACEABLE)
    code = getattr(error, "sqlite_errorname", "")
    for prefix, (reason, hint) in REASONS.items():
        if code.startswith(prefix):
            return CatalogError(f"The records in {path} cannot be used: {reason} ({error}).", hint)
    return CatalogError(f"The records in {path} cannot be used: {error}.", REPLACEABLE)


REASONS = {
    "SQLITE_NOTADB": ("the file is not an SQLite database", REPLACEABLE),
    "SQLITE_CORRUPT": ("the file is damaged", REPLACEABLE),
    "SQLITE_READONLY": (
        "the file cannot be written",
        "Make the file and its folder writable for this user, or set EXTENCI_HOME to a folder that is.",
    ),
    "SQLITE_CANTOPEN": (
        "the file cannot be opened",
        "Make the file and its folder readable and writable for this user.",
    ),
    "SQLITE_PERM": ("access is refused", "Make the file and its folder writable for this user."),
    "SQLITE_FULL": (
        "the disk is full",
        "Free some space and run the command again: all earlier records are kept.",
    ),
    "SQLITE_IOERR": (
        "the disk could not be read or written",
        "Check whether the disk is full or failing, and run the command again: all earlier records are kept.",
    ),
    "SQLITE_BUSY": (
        "another process has been writing to the file for too long",
        "Wait for the other extenci command to end, and run this one again.",
    ),
    "SQLITE_LOCKED": (
        "another process has been writing to the file for too long",
        "Wait for the other extenci command to end, and run this one again.",
    ),
}


def newer_version(path: Path, version: int, known: int) -> CatalogError:
    """The error of a file that a newer extenci wrote."""
    return CatalogError(
        f"The records in {path} were written by a newer extenci (format version {version}; this one reads "
        f"versions up to {known}), so this one could damage them.",
        "Use the newer extenci, or set EXTENCI_HOME to another folder.",
    )

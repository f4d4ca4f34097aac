"""Digests of files that were read before, so that an unchanged disk is read once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from extenci.catalog.database import Database
from extenci.model.versions import Disk


class Fingerprint(NamedTuple):
    """What tells that a file is unchanged, from `os.stat`: bytes, nanoseconds, and where it is.

    Any tuple of the four is taken in its place.
    """

    size: int
    mtime_ns: int
    inode: int
    device: int


class Digests:
    """A cache from path and fingerprint to what reading the file found. Any thread may use it."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def cached_disk(self, path: Path | str, fingerprint: tuple[int, int, int, int]) -> Disk | None:
        """What is known of a file with this fingerprint, or None. Its `sha256` may be None."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM digests WHERE path = ?", (key_of(path),)).fetchone()
        if row is None or fingerprint_of(row) != tuple(fingerprint):
            return None
        return Disk(digest=row["digest"], size=row["size"], blocks=row["blocks"], sha256=row["sha256"])

    def store(self, path: Path | str, fingerprint: tuple[int, int, int, int], disk: Disk) -> bool:
        """Remember what reading a file found; False where it was written too recently to tell.

        A SHA-256 that is known of the same content is kept.
        """
        if is_racy(fingerprint[1], self._clock()) or disk.size != fingerprint[0]:
            return False
        known = self.cached_disk(path, fingerprint)
        sha256 = disk.sha256 or (known.sha256 if known and known.digest == disk.digest else None)
        size, mtime_ns, inode, device = fingerprint
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (key_of(path), size, mtime_ns, str(inode), str(device), disk.digest, disk.blocks, sha256,
                 self._clock()),
            )  # fmt: skip
        return True


def key_of(path: Path | str) -> str:
    """The absolute path as text; bytes that are not UTF-8 stay distinct."""
    return str(Path(path).absolute()).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def fingerprint_of(row: sqlite3.Row) -> tuple[int, int, int, int]:
    """The fingerprint in a row. Inodes are stored as text: they may not fit SQLite's 63 bits."""
    return (row["size"], row["mtime_ns"], int(row["inode"]), int(row["device"]))


def is_racy(mtime_ns: int, now: float) -> bool:
    """Whether a file may still be written to without its time changing.

    Kernels stamp files with a clock that ticks every 1 to 10 ms; some file systems keep whole seconds
    (ext3) or two (FAT), which times of whole seconds hint at.
    """
    granularity = 2.0 if mtime_ns % 1_000_000_000 == 0 else 0.05
    return abs(now - mtime_ns / 1e9) < granularity

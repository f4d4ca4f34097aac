"""Digests of files that were read before, so that an unchanged disk is read once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from extenci.catalog.database.connection import Database
from extenci.model.version import Disk

Fingerprint = tuple[int, int, int, int, int]
"""Facts from `os.stat` that tell whether a file changed: size, mtime in ns, inode, device, ctime in ns. For a
file that was just written, they do not: the caller checks that (`extenci.image.fingerprint.is_settled`)."""

PINNED = "sha256:"
"""The prefix of keys that are no path: paths are absolute, and begin with a slash."""
NO_FINGERPRINT: Fingerprint = (0, 0, 0, 0, 0)


class Digests:
    """A cache of disks, by the path and fingerprint of their files. Any thread may use it."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def cached_disk(
        self, path: Path | str, fingerprint: Fingerprint, *, recognised: bool = False
    ) -> Disk | None:
        """The disk in a file with this fingerprint, or None. Its `sha256` may be None. With `recognised`, a
        disk only whose content was known to be one."""
        return self._find(key_of(path), fingerprint, recognised=recognised)

    def digest_of(self, path: Path | str, fingerprint: Fingerprint) -> str | None:
        """The digest of the disk in a file with this fingerprint, or None."""
        known = self.cached_disk(path, fingerprint)
        return known.digest if known else None

    def pinned_disk(self, sha256: str, *, recognised: bool = False) -> Disk | None:
        """The disk in a file with this SHA-256 (hex), wherever the file is: that of a download; `recognised`
        as of `cached_disk`."""
        return self._find(f"{PINNED}{sha256}", NO_FINGERPRINT, recognised=recognised)

    def store(
        self, path: Path | str, fingerprint: Fingerprint, disk: Disk, *, recognised: bool = True
    ) -> None:
        """Remember the disk in a file, and whether its content is known to be one. A known SHA-256 of the
        same content is kept."""
        known = self.cached_disk(path, fingerprint)
        sha256 = disk.sha256 or (known.sha256 if known and known.digest == disk.digest else None)
        self._store(key_of(path), fingerprint, replace(disk, sha256=sha256), recognised=recognised)

    def store_pinned(self, sha256: str, disk: Disk, *, recognised: bool = True) -> None:
        """Remember the disk in a file with this SHA-256 (hex), as `store` does."""
        self._store(f"{PINNED}{sha256}", NO_FINGERPRINT, replace(disk, sha256=sha256), recognised=recognised)

    def _find(self, key: str, fingerprint: Fingerprint, *, recognised: bool) -> Disk | None:
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM digests WHERE path = ?", (key,)).fetchone()
        if row is None or not has_fingerprint(row, fingerprint) or row["recognised"] < recognised:
            return None
        return Disk(digest=row["digest"], size=row["disk_size"], blocks=row["blocks"], sha256=row["sha256"])

    def _store(self, key: str, fingerprint: Fingerprint, disk: Disk, *, recognised: bool) -> None:
        size, mtime_ns, inode, device, ctime_ns = fingerprint
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (key, size, mtime_ns, str(inode), str(device), disk.digest, disk.size, disk.blocks,
                 disk.sha256, self._clock(), ctime_ns, recognised),
            )  # fmt: skip


def key_of(path: Path | str) -> str:
    """The absolute path as text; bytes that are not UTF-8 stay distinct."""
    return str(Path(path).absolute()).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def has_fingerprint(row: sqlite3.Row, fingerprint: Fingerprint) -> bool:
    """Whether a row is of a file with this fingerprint. Inodes are stored as text, since they may not fit
    into SQLite's 63 bits."""
    size, mtime_ns, inode, device, ctime_ns = fingerprint
    stored = (row["size"], row["mtime_ns"], row["inode"], row["device"], row["ctime_ns"])
    return stored == (size, mtime_ns, str(inode), str(device), ctime_ns)

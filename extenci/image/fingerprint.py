"""Identifies the content of a file without reading it, so that a file read before is recognised."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from extenci.image.problems import unreadable

SETTLED_SECONDS = 2.0
"""The resolution of times on FAT, the coarsest of the file systems that disks are kept on."""


class Fingerprint(NamedTuple):
    """A file's identity as stat(2) tells it: its size in bytes, its times in nanoseconds, and where it is.

    `ctime_ns` is when its content or attributes last changed. No program can set it, so changes do not hide
    behind reproducible builds, which give every file the same `mtime_ns`.
    """

    size: int
    mtime_ns: int
    inode: int
    device: int
    ctime_ns: int


def fingerprint(path: Path | str) -> Fingerprint:
    """The fingerprint of the file at `path` now. DiskError if it does not exist."""
    try:
        return fingerprint_of(Path(path).stat())
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def fingerprint_of(status: os.stat_result) -> Fingerprint:
    """The fingerprint in a result of stat(2)."""
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev, status.st_ctime_ns)


def is_settled(found: Fingerprint, now: float) -> bool:
    """Whether a fingerprint is sure to change when the file does; `now` is in seconds since 1970.

    A file may be written again with the same time, within the resolution of its time stamp (git's "racy"
    entries, git-scm.com/docs/racy-git). A time in the future is not trusted either.
    """
    return now - found.mtime_ns / 1e9 > SETTLED_SECONDS

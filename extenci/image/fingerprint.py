"""What tells, without reading it, that a file is the one that was read before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from extenci.image.problems import unreadable

SETTLED_SECONDS = 2.0
"""FAT keeps times to 2 s, the coarsest file system that disks are kept on."""


class Fingerprint(NamedTuple):
    """A file's identity as stat(2) tells it: bytes, nanoseconds, and where it is.

    `ctime_ns` is when its content or its attributes last changed, which no program can set: builds that give
    every file the same time, so that they are reproducible, do not hide a change.
    """

    size: int
    mtime_ns: int
    inode: int
    device: int
    ctime_ns: int


def fingerprint(path: Path | str) -> Fingerprint:
    """The fingerprint of the file at `path` now. DiskError where there is none."""
    try:
        return fingerprint_of(Path(path).stat())
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def fingerprint_of(status: os.stat_result) -> Fingerprint:
    """The fingerprint in an answer of stat(2)."""
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev, status.st_ctime_ns)


def is_settled(found: Fingerprint, now: float) -> bool:
    """Whether a fingerprint can be trusted to change when the file does; `now` in seconds since 1970.

    A file that was written within its time stamp's granularity may be written again with the same time
    (git's "racy" entries, git-scm.com/docs/racy-git); a time in the future is trusted no more.
    """
    return now - found.mtime_ns / 1e9 > SETTLED_SECONDS

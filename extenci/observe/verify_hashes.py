"""The hashes that verdicts belong to: one for each image's verify block with the files that it names."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from extenci.model.address import Address
from extenci.model.desired import DesiredImage
from extenci.model.verification import hash_verify, name_files

MOST_FILES = 2000
"""Files of a folder of tests that are read. No real test suite has more."""
MOST_BYTES = 64 * 1024**2
"""Bytes of a file up to which it is read. Programs are smaller; a disk that is an argument is larger."""
UNREAD = "unread"


def hash_verify_blocks(images: Iterable[DesiredImage]) -> dict[Address, str]:
    """The hash of each image that has a verify block, by its address."""
    return {
        spec.address: hash_verify(spec.verify, dict(file_hashes(name_files(spec.verify))))
        for spec in images
        if spec.verify is not None
    }


def file_hashes(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """SHA-256 of each regular file among the paths and in their folders, by path. Others are skipped."""
    for path in paths:
        for file in files_of(Path(path)):
            if (digest := hash_file(file)) is not None:
                yield str(file), digest


def files_of(path: Path) -> list[Path]:
    """The path itself, or the files of a folder, without Python's caches. A link to a folder is not followed:
    it could lead to the whole machine."""
    try:
        if path.is_symlink() or not path.is_dir():
            return [path]
        found = (
            Path(folder, name)
            for folder, _, names in os.walk(path)
            if "__pycache__" not in folder
            for name in names
        )
        return sorted(islice(found, MOST_FILES))
    except (OSError, ValueError):  # an argument that cannot be the name of a file
        return []


def hash_file(path: Path) -> str | None:
    """SHA-256 of a regular file, `unread:SIZE` where it is too large. None where it cannot be read, or is no
    regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        known = os.fstat(descriptor)
        if not stat.S_ISREG(known.st_mode):
            return None
        if known.st_size > MOST_BYTES:
            return f"{UNREAD}:{known.st_size}"
        return hashlib.sha256(file.read(MOST_BYTES)).hexdigest()

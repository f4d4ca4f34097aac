"""Reads bytes at an offset of an open file; errors tell the path and the offset."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from extenci.image.problems import broken

ReadAt = Callable[[int, int], bytes]
"""Reads at most so many bytes (first) of a file at an offset (second); none behind its end."""


def read_at(path: Path | str, descriptor: int, length: int, offset: int) -> bytes:
    """The bytes of one pread(2), perhaps fewer than requested. DiskError if they cannot be read."""
    try:
        return os.pread(descriptor, length, offset)
    except OSError as error:
        raise broken(path, offset, error) from error


def reader_of(path: Path | str, descriptor: int) -> ReadAt:
    """`read_at` of one file."""
    return partial(read_at, path, descriptor)

"""Bytes of an open file; where the system cannot read them, an error says where that is."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from extenci.image.problems import broken

ReadAt = Callable[[int, int], bytes]
"""Reads at most so many bytes (first) of a file at an offset (second), and none from behind its end."""


def read_at(path: Path | str, descriptor: int, length: int, offset: int) -> bytes:
    """What the system reads at once, perhaps less than there is (pread(2)). DiskError where it cannot."""
    try:
        return os.pread(descriptor, length, offset)
    except OSError as error:
        raise broken(path, offset, error) from error


def reader_of(path: Path | str, descriptor: int) -> ReadAt:
    """`read_at` of one file."""
    return partial(read_at, path, descriptor)

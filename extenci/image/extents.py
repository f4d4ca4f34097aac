"""Finds the data of a sparse file, so that its holes are never read."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from extenci.model.version import BLOCK_BYTES


def data_extents(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file of `size` bytes that are not holes, as (first byte, byte after the last).

    If the file system cannot tell, the whole file is data. Source: lseek(2), SEEK_DATA.
    """
    position = 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            start, end = position, size
        yield start, min(end, size)
        position = end


def data_blocks(descriptor: int, size: int) -> Iterator[int]:
    """The indexes of the 512 KiB blocks that hold any data, each once, in ascending order."""
    following = 0
    for start, end in data_extents(descriptor, size):
        first, last = max(start // BLOCK_BYTES, following), -(-end // BLOCK_BYTES)
        yield from range(first, last)
        following = max(following, last)

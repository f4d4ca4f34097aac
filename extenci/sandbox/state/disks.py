"""Disks as sparse files: `SNAPSHOT-ID.raw`, as long as the volume, with only the data there is."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

BLOCK_BYTES = 524288
BLOCKS_PER_GIB = 2048
_GIB = 1 << 30
_ZEROS = bytes(BLOCK_BYTES)


class SparseDisk:
    """One raw disk of `gib` GiB. Blocks may be written by several threads at once, each block by one."""

    def __init__(self, path: Path, gib: int) -> None:
        self.path = path
        self.gib = gib
        self._holding_data: set[int] = set()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, gib * _GIB)

    @property
    def blocks(self) -> int:
        """The number of 512 KiB blocks that the disk has room for."""
        return self.gib * BLOCKS_PER_GIB

    def write(self, index: int, data: bytes) -> None:
        """Writes block `index`. A block of zeros stays a hole where nothing was written before."""
        if data == _ZEROS and index not in self._holding_data:
            return
        self._holding_data.add(index)
        os.pwrite(self._file, data, index * BLOCK_BYTES)

    def read(self, index: int) -> bytes:
        with self.path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), BLOCK_BYTES, index * BLOCK_BYTES)

    def take_over(self, source: int, blocks: Iterable[int]) -> None:
        """Starts from the content of the file `source` (a descriptor), whose data lies in `blocks`."""
        self._holding_data.update(blocks)
        for start, end in _data(source):
            position = start
            while position < end:
                left = end - position
                position += os.copy_file_range(source, self._file, left, position, position)

    def seal(self) -> None:
        """No more writing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        self.seal()
        self.path.unlink(missing_ok=True)


def _data(file: int) -> Iterable[tuple[int, int]]:
    """The stretches [start, end) that are not holes (lseek(2), SEEK_DATA)."""
    end = 0
    while True:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = os.lseek(file, start, os.SEEK_HOLE)
        yield start, end

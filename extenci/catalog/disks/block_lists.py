"""The block lists of disks that were read, kept so that the next version's difference can be told, and an
upload need not read its disk twice."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from extenci.image.block_list import BlockList, Entry
from extenci.model.errors import CatalogError

DIGEST = re.compile(r"[0-9a-f]{64}")
UNFINISHED = "new."
"""How the names of lists begin that are not complete: a killed run leaves such."""

_BUFFER_BYTES = 1 << 20


class BlockLists:
    """A folder with a file for each disk's digest. None: nothing is kept beyond its use. Any thread, and any
    process, may use one.

    A list is not believed because of its name: it has to hash to its digest.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @contextmanager
    def find(self, digest: str) -> Iterator[BlockList | None]:
        """The list of a disk, open while the context is; None where there is none that is sound."""
        descriptor = self._open(digest)
        if descriptor is None:
            yield None
            return
        try:
            found = BlockList(descriptor)
            is_sound = found.digest() == digest
            if is_sound:
                with suppress(OSError):  # for who sweeps up; a home may be read-only
                    os.utime(descriptor)
            yield found if is_sound else None
        finally:
            os.close(descriptor)

    @contextmanager
    def record(self) -> Iterator[ListWriter]:
        """Write down the list of a disk while it is read, in the order of the blocks' indexes; `keep` it at
        the end. CatalogError where it cannot be written."""
        with _writing(self._folder):
            if self._folder is not None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=self._folder)
        path = Path(name)
        try:
            yield ListWriter(descriptor, path, self._folder)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # it was kept
                path.unlink()

    def _open(self, digest: str) -> int | None:
        if self._folder is None or not DIGEST.fullmatch(digest):
            return None
        try:
            return os.open(self._folder / digest, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None


class ListWriter:
    """A list in the making; used by one thread. CatalogError where it cannot be written."""

    def __init__(self, descriptor: int, path: Path, folder: Path | None) -> None:
        self._descriptor = descriptor
        self._path = path
        self._folder = folder
        self._waiting = bytearray()

    def add(self, index: int, sha256: bytes) -> None:
        """Take the next block in."""
        self._waiting += Entry(index, sha256).to_bytes()
        if len(self._waiting) >= _BUFFER_BYTES:
            self._flush()

    def keep(self, digest: str) -> BlockList:
        """Keep the list, which is complete, under the disk's digest. It is open as long as the writer is."""
        self._flush()
        if self._folder is not None:
            with _writing(self._folder):
                self._path.rename(self._folder / digest)
        return BlockList(self._descriptor)

    def _flush(self) -> None:
        with _writing(self._folder):
            while self._waiting:
                written = os.write(self._descriptor, self._waiting)
                del self._waiting[:written]


@contextmanager
def _writing(folder: Path | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogError(
            f"What was read of a disk cannot be kept in {folder or tempfile.gettempdir()}: "
            f"{error.strerror or error}.",
            "Make room there, or make it writable for this user.",
        ) from error

"""The block lists of disks that were read: the next version is compared with them, and an upload need not
read its disk twice."""

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
"""The prefix of incomplete lists. A killed run leaves them behind."""

_BUFFER_BYTES = 1 << 20


class BlockLists:
    """A folder with a block list for each disk's digest. Without a folder, nothing is kept. Any thread and
    any process may use it.

    A list is not trusted for its name: it must hash to its digest.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @contextmanager
    def find(self, digest: str) -> Iterator[BlockList | None]:
        """The list of a disk, open while the context is; None where there is none, or it is damaged."""
        descriptor = self._open(digest)
        if descriptor is None:
            yield None
            return
        try:
            found = BlockList(descriptor)
            is_sound = found.digest() == digest
            if is_sound:
                with suppress(OSError):  # for `gc`, which removes unused lists; a home may be read-only
                    os.utime(descriptor)
            yield found if is_sound else None
        finally:
            os.close(descriptor)

    @contextmanager
    def record(self) -> Iterator[ListWriter]:
        """Write the list of a disk while it is read, in the order of the blocks' indexes; call `keep` at the
        end. CatalogError where it cannot be written."""
        with _writing(self._folder):
            if self._folder is not None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=self._folder)
        path = Path(name)
        try:
            yield ListWriter(descriptor, path, self._folder)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # where it was kept
                path.unlink()

    def _open(self, digest: str) -> int | None:
        if self._folder is None or not DIGEST.fullmatch(digest):
            return None
        try:
            return os.open(self._folder / digest, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None


class ListWriter:
    """A list that is being written, by one thread. CatalogError where that fails."""

    def __init__(self, descriptor: int, path: Path, folder: Path | None) -> None:
        self._descriptor = descriptor
        self._path = path
        self._folder = folder
        self._waiting = bytearray()

    def add(self, index: int, sha256: bytes) -> None:
        """Write the next block."""
        self._waiting += Entry(index, sha256).to_bytes()
        if len(self._waiting) >= _BUFFER_BYTES:
            self._flush()

    def keep(self, digest: str) -> BlockList:
        """Keep the list, now complete, under the disk's digest. It stays open as long as the writer."""
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
            f"The list of a disk's blocks cannot be written to {folder or tempfile.gettempdir()}: "
            f"{error.strerror or error}.",
            "Free some space there, or make the folder writable for this user.",
        ) from error

"""Opens a source of any kind as a raw disk.

A source in another format is converted into the cache once, and again if the conversion is no longer there.
A conversion belongs to the file that it was made from, by path and fingerprint, or to the verified SHA-256 of
a downloaded file. One whose content turns out to be wrong is removed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Protocol

from extenci.image.cache import Notify, WriteMonitor, create_once, note_use, write_errors
from extenci.image.conversion import Conversion, convert
from extenci.image.fingerprint import SETTLED_SECONDS, Fingerprint
from extenci.image.formats import Format, Unusable, refusal
from extenci.image.problems import broken, changed, shown
from extenci.image.raw import RawDisk, check_sha256, open_file
from extenci.model.errors import DiskChanged, DiskError, Interrupted
from extenci.model.version import is_url, shown_source

_CONVERSION_VERSION = 1
"""Part of a conversion's name, to be raised when conversions come out differently than before."""
_READ_BYTES = 1 << 20


class Downloader(Protocol):
    """Downloads a file to this machine."""

    def __call__(self, url: str, sha256: str, folder: Path, *, notify: Notify, stop: Event) -> Path:
        """The file in a folder of the cache, after its SHA-256 was verified. DiskError, ServiceError and
        their kinds; Interrupted once `stop` is set."""
        ...


def refuse_download(url: str, sha256: str, folder: Path, *, notify: Notify, stop: Event) -> Path:  # noqa: ARG001
    """A `Downloader` where downloads are not possible: DiskError."""
    raise DiskError(
        f"{shown_source(url)} cannot be downloaded here.", "Download it yourself, and give its path."
    )


@dataclass(frozen=True)
class Cache:
    """Where converted and downloaded files are kept, and how they are downloaded; `folder` need not exist."""

    folder: Path
    download: Downloader = refuse_download
    notify: Notify = lambda _text: None
    stop: Event = field(default_factory=Event)

    @property
    def disks(self) -> Path:
        """The folder of converted disks."""
        return disks_folder(self.folder)

    @property
    def downloads(self) -> Path:
        """The folder of downloaded files."""
        return downloads_folder(self.folder)


def disks_folder(cache: Path) -> Path:
    """The folder of converted disks in a cache."""
    return cache / "disks"


def downloads_folder(cache: Path) -> Path:
    """The folder of downloaded files in a cache."""
    return cache / "downloads"


@contextmanager
def open_source(source: str, cache: Cache, *, sha256: str | None = None) -> Iterator[RawDisk]:
    """Open the disk in a source: a raw disk as it is, other supported formats after conversion, a URL after
    download (which requires `sha256`). It stays open, and the same, while the context lasts.

    `sha256` (hex) is that of the source's bytes. It is compared before a conversion and after a download, but
    not for a raw disk at a path: `RawDisk.sha256` tells whether it was. DiskError if the source cannot be
    read, is damaged, must not be opened, needs a program that is missing, or there is too little space;
    DiskChanged if it changes meanwhile; ServiceError and its kinds from downloading; Interrupted.
    """
    wanted = sha256.lower() if sha256 else None
    with (
        _open_remote(source, cache, wanted) if is_url(source) else _open_local(source, cache, wanted) as disk
    ):
        yield disk


@contextmanager
def _open_remote(url: str, cache: Cache, sha256: str | None) -> Iterator[RawDisk]:
    if sha256 is None:
        raise DiskError(
            f"{shown_source(url)} has no sha256, so a download cannot be verified.",
            "Give its SHA-256.",
        )
    converted = cache.disks / f"{sha256}-{_CONVERSION_VERSION}.raw"
    if not converted.exists():
        file = cache.download(url, sha256, cache.downloads, notify=cache.notify, stop=cache.stop)
        with open_file(file) as (disk, found), _removed_if_wrong(file):
            named = replace(disk, path=shown_source(url), sha256=sha256)
            if found is None:
                yield named
                return
            _convert_once(named, found, converted, cache, sha256)
    with _open_converted(converted, shown_source(url), sha256) as disk:
        yield disk


@contextmanager
def _open_local(path: str, cache: Cache, sha256: str | None) -> Iterator[RawDisk]:
    with open_file(path) as (file, found):
        _require_same_place(path, file.descriptor)
        if found is None:
            yield file
            return
        _wait_until_settled(file.fingerprint, cache.stop)
        path_hash, state_hash = _hash(str(Path(path).absolute())), _hash(repr(tuple(file.fingerprint)))
        converted = cache.disks / f"{path_hash}-{state_hash}-{_hash(sha256 or '')}-{_CONVERSION_VERSION}.raw"
        if not converted.exists():
            _convert_once(file, found, converted, cache, sha256)
            _forget_others(cache.disks, path_hash, state_hash)
    with _open_converted(converted, path, sha256) as disk:
        yield disk


def _require_same_place(path: str, descriptor: int) -> None:
    """DiskChanged if a link took the place of the file, or of a folder above it, since its path was checked:
    paths of sources have all links followed (proc(5), /proc/PID/fd)."""
    with suppress(OSError):  # there is no /proc
        opened = str(Path(f"/proc/self/fd/{descriptor}").readlink()).removesuffix(" (deleted)")
        if opened.startswith("/") and Path(path).is_absolute() and opened != path:
            raise DiskChanged(
                f"The disk {shown(path)} is reached by a link, and was not when its path was checked.",
                "Nothing was sent. Look who changes files there, and try again.",
            )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _wait_until_settled(found: Fingerprint, stop: Event) -> None:
    """A file that was written a moment ago may be written again without a change of its times. A time in the
    future is not waited for: the uploaded content is compared with the plan in any case."""
    age = time.time() - found.mtime_ns / 1e9
    if 0 <= age <= SETTLED_SECONDS and stop.wait(SETTLED_SECONDS - age):
        raise Interrupted("Reading a disk was stopped.")


def _convert_once(source: RawDisk, found: Format, target: Path, cache: Cache, sha256: str | None) -> None:
    """Convert a source into the cache, unless another thread or process is doing so. With `sha256`, the
    source's bytes are compared first."""
    if sha256 is not None and source.sha256 is None:
        check_sha256(source.path, _hash_file(source, cache.stop), sha256)
    if isinstance(found.way, Unusable):
        raise refusal(source.path, found)
    with create_once(target, cache.stop) as partial:
        if partial is None:
            return
        monitor = WriteMonitor(target.parent, f"Converting {shown(source.path)}", cache.stop, cache.notify)
        cache.notify(f"Converting {shown(source.path)}, {found.name} …")
        with write_errors(monitor):
            os.ftruncate(partial.descriptor, 0)
        monitor.require_space()
        convert(Conversion(source.path, source.descriptor, source.size, partial.descriptor, monitor), found)
        source.check_unchanged()
        with write_errors(monitor):
            partial.keep()


@contextmanager
def _open_converted(converted: Path, path: str, sha256: str | None) -> Iterator[RawDisk]:
    """Open a conversion, which is a raw disk whatever its first bytes look like: the guest wrote them."""
    with open_file(converted) as (disk, _), _removed_if_wrong(converted):
        yield replace(disk, path=path, sha256=sha256)


@contextmanager
def _removed_if_wrong(cached: Path) -> Iterator[None]:
    """Remove a file of the cache whose content is wrong, so that it is made again next time."""
    note_use(cached)
    try:
        yield
    except DiskChanged:
        cached.unlink(missing_ok=True)
        raise


def _forget_others(folder: Path, path_hash: str, state_hash: str) -> None:
    """Remove conversions of earlier contents of the same file. Those that are open live on."""
    for other in folder.glob(f"{path_hash}-*.raw"):
        if not other.name.startswith(f"{path_hash}-{state_hash}-"):
            with suppress(OSError):
                other.unlink()


def _hash_file(source: RawDisk, stop: Event) -> str:
    """The SHA-256 of a source's own bytes."""
    whole, offset = hashlib.sha256(), 0
    try:
        while piece := os.pread(source.descriptor, _READ_BYTES, offset):
            if stop.is_set():
                raise Interrupted(f"Reading the disk {shown(source.path)} was stopped.")
            whole.update(piece)
            offset += len(piece)
    except OSError as error:
        raise broken(source.path, offset, error) from error
    if offset != source.size:
        raise changed(source.path)
    return whole.hexdigest()

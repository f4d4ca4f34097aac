"""Downloads sources that are not on this machine into the cache.

The SHA-256 of a download is known in advance, so it does not matter whether the server's file changed between
two halves. A download continues where it stopped, even on another day, and is right if it has the SHA-256 in
the end. One that was continued and has another SHA-256 is started over, once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from extenci.cloud.download.background import in_background
from extenci.cloud.http.minimum_rate import S3_MINIMUM_RATE, MinimumRate, RateCheck
from extenci.image.cache import Notify, PartialFile, WriteMonitor, create_once, write_errors
from extenci.image.containers import LARGEST_BYTES
from extenci.model.errors import DiskError, Interrupted, ServiceError, Throttled, Unreachable
from extenci.model.version import shown_source

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients
    from extenci.cloud.download.https import ContentStart

ATTEMPTS = 5
"""In a row without a gain of WORTH_BYTES."""
WORTH_BYTES = 1024
"""The bytes that an attempt must gain to count: a server that breaks off after each byte is given up."""
FIRST_ATTEMPTS = 2
"""If nothing has arrived yet: a wrong name should not keep the user waiting."""
_READ_BYTES = 1 << 20

ReadFrom = Callable[[int], Iterator["ContentStart | bytes"]]
"""The bytes of a file from an offset on, after their actual offset and the file's size."""


class Downloads:
    """A `Downloader` for the images of one service. Objects in S3 come only from that service's S3, with its
    credentials. Other servers get no credentials, and must be as fast as `minimum_rate`."""

    def __init__(self, clients: Clients, minimum_rate: MinimumRate | None = None) -> None:
        self._clients = clients
        self._minimum_rate = minimum_rate or MinimumRate()

    def __call__(self, url: str, sha256: str, folder: Path, *, notify: Notify, stop: Event) -> Path:
        """See `Downloader`."""
        target = folder / sha256
        with create_once(target, stop, resumable=True) as partial:
            if partial is not None:
                activity = f"Downloading {shown_source(url)}"
                monitor = WriteMonitor(folder, activity, stop, notify)
                notify(f"{activity} …")
                rate_check = RateCheck(S3_MINIMUM_RATE if url.startswith("s3://") else self._minimum_rate)
                _Download(url, sha256, partial, monitor, self._reading(url), rate_check).complete()
        return target

    def _reading(self, url: str) -> ReadFrom:
        from extenci.cloud.download import https as web  # noqa: PLC0415 - loaded where something is downloaded

        if not url.startswith("s3://"):
            return lambda start: web.read_url(url, start)
        bucket, _, key = url.removeprefix("s3://").partition("/")
        s3 = self._clients.s3

        def read(start: int) -> Iterator[ContentStart | bytes]:
            found = s3.object_info(bucket, key)
            if found is not None and found.size == start:
                yield web.ContentStart(start, start)
                return
            yield web.ContentStart(start, found.size if found else None)
            yield from s3.get_object(bucket, key, start)

        return read


class _Download:
    """One file on its way into the cache."""

    def __init__(
        self,
        url: str,
        sha256: str,
        partial: PartialFile,
        monitor: WriteMonitor,
        read_from: ReadFrom,
        rate_check: RateCheck,
    ) -> None:
        self._url = url
        self._sha256 = sha256
        self._partial = partial
        self._monitor = monitor
        self._read_from = read_from
        self._rate_check = rate_check
        self._hash = hashlib.sha256()
        self._position = 0

    def complete(self) -> None:
        """Download the missing bytes, verify the file, and give it its name. A file that is wrong, or too
        large for the disk, is removed; an incomplete one stays."""
        self._hash_existing()
        is_continued = self._position > 0
        if not (is_continued and self._hash.hexdigest() == self._sha256):
            self._receive_all()
        if self._hash.hexdigest() != self._sha256 and is_continued:
            self._start_over()
            self._receive_all()
        if self._hash.hexdigest() != self._sha256:
            self._partial.discard()
            raise DiskError(
                f"{shown_source(self._url)} is not the requested file: its SHA-256 is "
                f"{self._hash.hexdigest()}, not {self._sha256}.",
                "Find out whether the file was changed on purpose; if so, give its new SHA-256.",
            )
        with write_errors(self._monitor):
            self._partial.keep()

    def _hash_existing(self) -> None:
        """Hash the bytes that an earlier run downloaded."""
        with write_errors(self._monitor):
            while piece := os.pread(self._partial.descriptor, _READ_BYTES, self._position):
                if self._monitor.stop.is_set():
                    raise Interrupted(f"{self._monitor.activity} was stopped.")
                self._hash.update(piece)
                self._position += len(piece)

    def _start_over(self) -> None:
        with write_errors(self._monitor):
            os.ftruncate(self._partial.descriptor, 0)
        self._hash, self._position = hashlib.sha256(), 0

    def _receive_all(self) -> None:
        """Try until the file is complete, as long as attempts get further than those before. If the server
        does not send the rest, request the whole file, once."""
        failed, furthest, started_over = 0, self._position, False
        while True:
            try:
                return self._receive()
            except (Unreachable, Throttled):
                gained = self._position - furthest
                is_worth_it = gained >= WORTH_BYTES and not self._rate_check.is_too_slow
                failed = 1 if is_worth_it else failed + 1
                if failed >= (ATTEMPTS if self._position else FIRST_ATTEMPTS):
                    raise
            except ServiceError as error:
                if error.code != "InvalidRange" or not self._position or started_over:
                    raise
                self._start_over()
                failed, furthest, started_over = failed + 1, 0, True
            furthest = max(furthest, self._position)
            if self._monitor.stop.wait(2.0 ** (failed - 1)):
                raise Interrupted(f"{self._monitor.activity} was stopped.")

    def _receive(self) -> None:
        total: int | None = None
        self._rate_check.begin()
        for item in in_background(
            lambda: self._read_from(self._position),
            self._monitor.stop,
            self._monitor.activity,
            self._note_waiting,
        ):
            if isinstance(item, bytes):
                self._rate_check.gain(len(item))
                self._add(item)
                continue
            if item.start != self._position:
                self._start_over()  # the server sends only the whole file
            total = self._monitor.total = item.total
            self._require_space((total or 0) - self._position)
        if total is not None and self._position < total:
            raise Unreachable(
                f"{shown_source(self._url)} cannot be downloaded: the connection broke off.",
                "Try again: the part downloaded so far is kept.",
            )

    def _note_waiting(self, seconds: float) -> None:
        if self._rate_check.wait(seconds):
            raise Unreachable(
                f"{shown_source(self._url)} cannot be downloaded: its server is too slow.",
                "Try again later, or use another server: the part downloaded so far is kept.",
            )

    def _add(self, piece: bytes) -> None:
        if self._position + len(piece) > LARGEST_BYTES:
            self._partial.discard()
            raise DiskError(f"{shown_source(self._url)} is larger than any volume.")
        with self._discarding_on_error():
            with write_errors(self._monitor):
                rest, offset = memoryview(piece), self._position
                while rest:
                    count = os.pwrite(self._partial.descriptor, rest, offset)
                    rest, offset = rest[count:], offset + count
            self._monitor.check(self._partial.descriptor)
        self._hash.update(piece)
        self._position += len(piece)

    def _require_space(self, more: int) -> None:
        with self._discarding_on_error():
            self._monitor.require_space(max(0, more))

    @contextmanager
    def _discarding_on_error(self) -> Iterator[None]:
        try:
            yield
        except DiskError:
            self._partial.discard()
            raise

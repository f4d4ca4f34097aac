"""The blocks of unfinished snapshots that the service has confirmed, so that they are not sent again.

A note is the file of one pending snapshot: a header of 4 KiB that describes the upload, then one bit for
each block. A bit is set in place after the service's answer, without fsync: after a crash of the machine,
bits that never reached the disk read as zero, and their blocks are sent again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from extenci.catalog.files import write_whole
from extenci.model.errors import CatalogError

HEADER_BYTES = 4096
FORMAT = 1
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


@dataclass(frozen=True)
class SnapshotUpload:
    """The content of a snapshot: the disk of a digest, or only its difference from the disk of the digest
    `parent`."""

    service: str
    snapshot: str
    digest: str
    parent: str | None = None


class UploadNote:
    """The confirmed blocks of one upload. Used by one thread at a time."""

    def __init__(self, upload: SnapshotUpload, descriptor: int | None, bits: bytearray) -> None:
        self.upload = upload
        self._descriptor = descriptor
        self._bits = bits

    def __contains__(self, index: int) -> bool:
        """Whether the service has a block."""
        byte = index // 8
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << index % 8)

    def add(self, index: int) -> None:
        """Note that the service has a block. CatalogError where that cannot be written."""
        byte = index // 8
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits)))
        self._bits[byte] |= 1 << index % 8
        if self._descriptor is not None:
            with _writing(self.upload):
                os.pwrite(self._descriptor, self._bits[byte : byte + 1], HEADER_BYTES + byte)


class UploadNotes:
    """A folder of notes. Without a folder, nothing is kept. Only the process that holds the lock may write
    them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def find(self, service: str, snapshot: str) -> SnapshotUpload | None:
        """The upload that a note describes; None where there is no note, or it is damaged."""
        path = self._path(service, snapshot)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                found = json.loads(file.read(HEADER_BYTES).rstrip(b"\0 "))
            known = SnapshotUpload(found["service"], found["snapshot"], found["digest"], found["parent"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        is_right = (known.service, known.snapshot) == (service, snapshot) and found.get("format") == FORMAT
        return known if is_right else None

    def read(self, upload: SnapshotUpload) -> UploadNote | None:
        """The note of an upload as it is now, only to be looked at; None where there is none."""
        path = self._path(upload.service, upload.snapshot)
        if path is None or self.find(upload.service, upload.snapshot) != upload:
            return None
        try:
            return UploadNote(upload, None, bytearray(path.read_bytes()[HEADER_BYTES:]))
        except OSError:
            return None

    @contextmanager
    def open(self, upload: SnapshotUpload) -> Iterator[UploadNote]:
        """The note of an upload; a new one where there is none, or it describes another upload."""
        path = self._path(upload.service, upload.snapshot)
        if path is None:
            yield UploadNote(upload, None, bytearray())
            return
        with _writing(upload):
            if self.find(upload.service, upload.snapshot) != upload:
                self._begin(path, upload)
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            with _writing(upload):
                bits = bytearray(path.read_bytes()[HEADER_BYTES:])
            yield UploadNote(upload, descriptor, bits)
        finally:
            os.close(descriptor)

    def drop(self, service: str, snapshot: str) -> None:
        """Forget an upload that is finished, or whose snapshot is gone. A note that cannot be deleted does no
        harm; `gc` finds it."""
        path = self._path(service, snapshot)
        if path is not None:
            with suppress(OSError):
                path.unlink()

    def _begin(self, path: Path, upload: SnapshotUpload) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        header = json.dumps({**asdict(upload), "format": FORMAT}).encode()
        write_whole(path, header.ljust(HEADER_BYTES, b" "))

    def _path(self, service: str, snapshot: str) -> Path | None:
        name = f"{service}@{snapshot}"
        if self._folder is None or not (NAME.fullmatch(service) and NAME.fullmatch(snapshot)):
            return None
        return self._folder / name


@contextmanager
def _writing(upload: SnapshotUpload) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogError(
            f"The progress of the upload of {upload.snapshot} to {upload.service} cannot be recorded: "
            f"{error.strerror or error}.",
            "Free some space in EXTENCI_HOME, or make it writable for this user, and apply again: the upload "
            "will continue.",
        ) from error

"""What staging takes and gives, whatever the method."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Protocol

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.upload_notes import UploadNotes
from extenci.image.fingerprint import Fingerprint
from extenci.image.raw import RawDisk, open_disk
from extenci.image.sources import Cache, open_source
from extenci.model.address import Tagging
from extenci.model.errors import Interrupted
from extenci.model.journal import Calls
from extenci.model.version import Parent, Version
from extenci.stage.shared_reading import SharedReading

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


@dataclass(frozen=True)
class StageRequest:
    """One disk to stage. `StageContext.open` opens it: `source` need be no raw disk, and no file.

    `sha256` is that of the source's bytes, where the spec pins it;
    `name` is the image's name on the service; `size` the disk's bytes and `blocks` its non-zero blocks, as
    planned; `tags` go on the snapshot and the image; `token` (at most 64 characters) makes a repeated start
    give the same snapshot; `pending` is a snapshot of an interrupted run to go on with, and `parent` the one
    that it was started from, or that a new one may be.
    """

    version: Version
    source: str
    size: int
    blocks: int
    name: str
    tags: Mapping[str, str]
    token: str
    pending: str | None = None
    parent: Parent | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Staged:
    """A registered image and the snapshot it stands on (None: the image is in S3)."""

    image: str
    snapshot: str | None


@dataclass(frozen=True)
class StageContext:
    """With what the work is done: the service, the journal, and how to tell and be told.

    `on_progress` gets bytes sent and bytes to send; `stop` set means: end soon, tidily; `clock` tells seconds
    that only rise; `sleep` waits for seconds, None: until then or until `stop`. `block_lists` are of disks
    that were read, `upload_notes` of what uploads have got done, `sharing` joins those that read one disk;
    `digest_of` tells what is known of a file with a fingerprint;
    `cache` is where sources are converted and downloaded to, None: only raw disks at paths can be opened;
    `note` tells something worth a line.
    """

    clients: Clients
    calls: Calls
    on_progress: Callable[[int, int], None] = lambda _done, _total: None
    stop: Event = field(default_factory=Event)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] | None = None
    block_lists: BlockLists = field(default_factory=BlockLists)
    upload_notes: UploadNotes = field(default_factory=UploadNotes)
    sharing: SharedReading = field(default_factory=SharedReading)
    digest_of: Callable[[str, Fingerprint], str | None] = lambda _path, _fingerprint: None
    cache: Cache | None = None
    note: Callable[[str], None] = lambda _text: None

    def open(self, job: StageRequest) -> AbstractContextManager[RawDisk]:
        """The disk to stage, open for reading, whatever its source; see `open_source`."""
        if self.cache is None:
            return open_disk(job.source)
        return open_source(job.source, self.cache, sha256=job.sha256)

    @property
    def tagging(self) -> Tagging:
        """When the service lets things be tagged."""
        return self.clients.service.tags

    def tags_at_birth(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Those tags that go into the call that makes a thing."""
        return tags if self.tagging is Tagging.CREATE else {}

    def pause(self, seconds: float) -> None:
        """Wait. Interrupted once `stop` is set."""
        (self.sleep or self.stop.wait)(seconds)
        self.check_stop()

    def check_stop(self) -> None:
        """Interrupted once `stop` is set."""
        if self.stop.is_set():
            raise Interrupted("Staging was stopped.")


KEPT = "What the service has of it by now is kept: the same command goes on with the rest."
"""The hint of who was told to stop an upload that can be gone on with."""


class StageMethod(Protocol):
    """How a disk becomes a registered image; one implementation a file."""

    def __call__(self, job: StageRequest, context: StageContext) -> Staged:
        """Stage a disk. DiskError, ServiceError and their kinds; Interrupted when told to stop."""
        ...

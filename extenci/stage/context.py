"""The context of work on one service and of staging; a staging request and its result, whatever the
method."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.upload_notes import UploadNotes
from extenci.image.fingerprint import Fingerprint
from extenci.image.raw import RawDisk, open_disk
from extenci.image.sources import Cache, open_source
from extenci.model.abilities import Ability
from extenci.model.errors import Interrupted
from extenci.model.journal import History, NoHistory
from extenci.model.service import Tagging
from extenci.model.version import Parent, Version
from extenci.stage.shared_reading import SharedReading

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients
    from extenci.cloud.journalled.client import Journalled

KEPT = "The service keeps what it has received so far: the same command sends the rest."
"""The hint for an upload that was interrupted and can be resumed."""


@dataclass(frozen=True)
class ServiceContext:
    """The context of work on one service.

    `clients` read, `changes` change and journal each call. `stop` set means: end soon, tidily; `clock` tells
    seconds that only rise, `now` seconds since the epoch; `sleep` waits for seconds, None: for that long or
    until `stop`; `note` tells a person something worth a line.
    """

    clients: Clients
    changes: Journalled
    stop: Event = field(default_factory=Event)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], object] | None = None
    note: Callable[[str], None] = lambda _text: None

    def tagging(self, creation: Ability) -> Tagging:
        """When a kind of resource gets its tags; see `Clients.tagging`."""
        return self.clients.tagging(creation)

    def tags_at_creation(self, tags: Mapping[str, str], creation: Ability) -> Mapping[str, str]:
        """The tags that go into the call that creates a resource of a kind."""
        wanted = self.clients.service.tags is Tagging.CREATE
        return tags if wanted and self.clients.abilities.now.sends(creation) else {}

    def pause(self, seconds: float) -> None:
        """Wait. Interrupted once `stop` is set."""
        (self.sleep or self.stop.wait)(seconds)
        self.check_stop()

    def check_stop(self) -> None:
        """Interrupted once `stop` is set."""
        if self.stop.is_set():
            raise Interrupted("The work was stopped.")


@dataclass(frozen=True)
class StageRequest:
    """One disk to stage. `StageContext.open` opens it: `source` may be of any format, and a URL.

    `sha256` is that of the source's bytes, where the spec pins it; `name` is the image's name on the
    service; `size` the disk's bytes and `blocks` its non-zero blocks, as planned; `tags` go on the snapshot
    and the image; `token` (at most 64 characters) makes a repeated start give the same snapshot
    (`may_be_spent`: another home's run may have had one of it); `pending` is the snapshot of an interrupted
    run to go on with, and `parent` the one that it was started from, or that a new one may be started from.
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
    may_be_spent: bool = False


@dataclass(frozen=True)
class StagedImage:
    """A registered image and the snapshot it stands on (None: the image is in S3). `manifest` is the location
    of its bundle's manifest, None where there is none or nobody knows."""

    image: str
    snapshot: str | None
    manifest: str | None = None


@dataclass(frozen=True)
class StageContext(ServiceContext):
    """The context in which a disk is staged.

    `on_progress` gets bytes sent and bytes to send. `history` is what the journal tells of earlier calls.
    `block_lists` are those of disks that were read, `upload_notes` name the blocks that uploads have sent;
    `sharing` joins uploads that read one disk; `digest_of` gives the known digest of a path with a
    fingerprint; `cache` is where sources are converted and downloaded to, None: only raw disks at paths can
    be opened.
    """

    on_progress: Callable[[int, int], None] = lambda _done, _total: None
    history: History = field(default_factory=NoHistory)
    block_lists: BlockLists = field(default_factory=BlockLists)
    upload_notes: UploadNotes = field(default_factory=UploadNotes)
    sharing: SharedReading = field(default_factory=SharedReading)
    digest_of: Callable[[str, Fingerprint], str | None] = lambda _path, _fingerprint: None
    cache: Cache | None = None

    def open(self, request: StageRequest) -> AbstractContextManager[RawDisk]:
        """The disk to stage, open for reading, whatever its source; see `open_source`."""
        if self.cache is None:
            return open_disk(request.source)
        return open_source(request.source, self.cache, sha256=request.sha256)

"""EBS direct's changing calls: snapshots written block by block (EBS direct API reference).

Only `extenci.cloud.journalled` makes them, and journals each first. A block has 512 KiB; its index is its
offset divided by that.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any

from extenci.cloud.aws.calls import ebs_call, expected
from extenci.cloud.aws.requests.parameters import tag_list
from extenci.cloud.aws.session import ServiceSession
from extenci.cloud.blocks.block import damaged
from extenci.cloud.blocks.concurrency import MOST
from extenci.cloud.blocks.rate import BLOCKS_A_SECOND, Rate
from extenci.cloud.blocks.retries import BIRTH_PAUSE_SECONDS, BIRTH_SECONDS
from extenci.model.errors import NotFound
from extenci.model.version import BLOCK_BYTES

if TYPE_CHECKING:
    from extenci.cloud.blocks.upload import BlockUpload


class EbsChanges:
    """The changing calls of one service's EBS direct. Any thread may use it. Every method raises ServiceError
    and its kinds.

    `clock` returns monotonic seconds, `sleep` waits for so many seconds; an upload has at most `connections`
    blocks under way.
    """

    def __init__(
        self,
        session: ServiceSession,
        *,
        connections: int = MOST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session
        self._connections = connections
        self._clock = clock
        self._sleep = sleep
        self._known: dict[str, float] = {}
        self._rate = Rate(BLOCKS_A_SECOND, clock=clock)

    def start_snapshot(
        self,
        gib: int,
        token: str,
        tags: Mapping[str, str],
        *,
        description: str = "",
        timeout_minutes: int = 60,
        parent: str | None = None,
    ) -> str:
        """Start a snapshot of a volume of `gib` GiB; its id. It fails if no block arrives for
        `timeout_minutes` (10 to 4320). The same token (at most 64 characters) with the same parameters
        returns the same snapshot."""
        asked: dict[str, Any] = {
            "VolumeSize": gib, "ClientToken": token, "Timeout": timeout_minutes,
            "Tags": tag_list(tags) or None, "Description": description or None, "ParentSnapshotId": parent,
        }  # fmt: skip
        with ebs_call(self._session, "StartSnapshot") as ebs:
            answer = ebs.start_snapshot(**{name: value for name, value in asked.items() if value is not None})
            snapshot = str(expected(answer, "SnapshotId"))
        self._known.setdefault(snapshot, self._clock())
        return snapshot

    def put_block(
        self, snapshot: str, index: int, data: bytes, sha256: bytes, *, stop: Event | None = None
    ) -> None:
        """Write a block: 512 KiB and their SHA-256 (32 raw bytes). ServiceError if the service stored other
        bytes."""
        checksum = base64.b64encode(sha256).decode()

        def put() -> None:
            with ebs_call(self._session, "PutSnapshotBlock") as ebs:
                answer = ebs.put_snapshot_block(
                    SnapshotId=snapshot,
                    BlockIndex=index,
                    BlockData=data,
                    DataLength=BLOCK_BYTES,
                    Checksum=checksum,
                    ChecksumAlgorithm="SHA256",
                )
                stored = expected(answer, "Checksum")
            if stored != checksum:
                raise damaged(self._session.service.name, snapshot, index)

        self._patiently(put, snapshot, stop)

    def uploading(
        self,
        snapshot: str,
        reread: Callable[[int, bytes], bytes],
        *,
        stop: Event | None = None,
        on_stored: Callable[[int], None] = lambda _index: None,
    ) -> BlockUpload:
        """A context that sends blocks into a pending snapshot, many at a time. `reread` returns a block that
        has to be sent again, given its index and SHA-256; `on_stored` is called with the index of each block
        that the service confirmed. Both are called in the sending thread."""
        from extenci.cloud.blocks.upload import (  # noqa: PLC0415 - libcurl, which only staging needs
            UploadLimits,
            open_upload,
        )

        return open_upload(
            self._session,
            snapshot,
            reread,
            age=self._clock() - self._known.setdefault(snapshot, self._clock()),
            rate=self._rate,
            stop=stop,
            on_stored=on_stored,
            limits=UploadLimits(self._connections),
        )

    def complete(self, snapshot: str, changed_blocks: int, linear_sha256: bytes) -> None:
        """Seal a snapshot into which `changed_blocks` blocks were put. `linear_sha256` is the SHA-256 of the
        blocks' raw SHA-256s in the order of their indexes; the service refuses if it finds another. The
        snapshot stays pending for a while."""
        aggregate: dict[str, Any] = {
            "Checksum": base64.b64encode(linear_sha256).decode(),
            "ChecksumAlgorithm": "SHA256",
            "ChecksumAggregationMethod": "LINEAR",
        }

        def complete() -> None:
            with ebs_call(self._session, "CompleteSnapshot") as ebs:
                answer = ebs.complete_snapshot(
                    SnapshotId=snapshot,
                    ChangedBlocksCount=changed_blocks,
                    **(aggregate if changed_blocks else {}),
                )
                expected(answer, "Status")

        self._patiently(complete, snapshot, None)

    def _patiently(self, attempt: Callable[[], None], snapshot: str, stop: Event | None) -> None:
        """Make a call, and repeat it while the snapshot is so young that the service may not know it yet."""
        known_since = self._known.setdefault(snapshot, self._clock())
        while True:
            try:
                return attempt()
            except NotFound:
                if self._clock() - known_since > BIRTH_SECONDS or (stop is not None and stop.is_set()):
                    raise
            self._sleep(BIRTH_PAUSE_SECONDS)

"""EBS direct's changing calls, journalled. Parameters, results and errors as of `EbsChanges`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from extenci.cloud.aws.ebs_changes import EbsChanges
from extenci.cloud.journalled.intents import Intents, Operation

if TYPE_CHECKING:
    from extenci.cloud.blocks.upload import BlockUpload


class JournalledEbs:
    """Changes EBS snapshots of one service."""

    def __init__(self, bare: EbsChanges, intents: Intents) -> None:
        self._bare = bare
        self._intents = intents

    def start_snapshot(
        self,
        gib: int,
        name: str,
        token: str,
        *,
        timeout_minutes: int,
        parent: str | None = None,
        tags: Mapping[str, str],
        at_creation: Mapping[str, str],
        within: Operation | None = None,
    ) -> str:
        """Start a snapshot for the image `name`; its id. `tags` are its final ones, `at_creation` those that
        the call itself sets."""
        shown = {"gib": gib, "name": name, "parent": parent}
        with self._intents.writing(
            "StartSnapshot", token=token, request=shown, tags=tags, within=within
        ) as settle:
            snapshot = self._bare.start_snapshot(
                gib,
                token,
                at_creation,
                description=f"extenci: {name}",
                timeout_minutes=timeout_minutes,
                parent=parent,
            )
            settle({"snapshot": snapshot})
        return snapshot

    @contextmanager
    def uploading(
        self,
        snapshot: str,
        reread: Callable[[int, bytes], bytes],
        *,
        token: str,
        blocks: int,
        stop: Event,
        on_stored: Callable[[int], None],
    ) -> Iterator[BlockUpload]:
        """Send blocks into a pending snapshot, under one intent for all of them: sending a block twice does
        no harm. `blocks` is the number of blocks to send."""
        stored = 0

        def count(index: int) -> None:
            nonlocal stored
            on_stored(index)
            stored += 1

        shown = {"snapshot": snapshot, "blocks": blocks}
        operation = self._intents.begin("PutSnapshotBlock", token=token, request=shown)
        try:
            with self._bare.uploading(snapshot, reread, stop=stop, on_stored=count) as upload:
                yield upload
        finally:
            operation.done({"snapshot": snapshot, "blocks": stored})

    def complete(self, snapshot: str, blocks: int, linear_sha256: bytes, *, token: str) -> None:
        """Seal a snapshot."""
        shown = {"snapshot": snapshot, "blocks": blocks}
        with self._intents.writing("CompleteSnapshot", token=token, request=shown) as settle:
            self._bare.complete(snapshot, blocks, linear_sha256)
            settle({"snapshot": snapshot})

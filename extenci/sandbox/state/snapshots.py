"""Snapshots that have a disk behind them. In moto they have no bytes, and are always `completed`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import Snapshot, Volume
from moto.ec2.utils import random_snapshot_id

from extenci.sandbox.state.cloud import Cloud
from extenci.sandbox.state.disks import SparseDisk
from extenci.sandbox.state.tags import no_such_snapshot

NO_VOLUME = "vol-ffffffff"
"""The volume that snapshots made from no volume show."""


class NotPending(Exception):
    """The snapshot takes no more blocks."""


class DiskSnapshot(Snapshot):
    """A snapshot with its disk: pending while blocks are put, then completed, or error after its timeout."""

    def __init__(
        self,
        cloud: Cloud,
        gib: int,
        description: str,
        *,
        volume_id: str = NO_VOLUME,
        encrypted: bool = False,
        timeout_minutes: float = 60,
    ) -> None:
        snapshot_id = random_snapshot_id()
        self.cloud = cloud
        self.disk = SparseDisk(cloud.disks / f"{snapshot_id}.raw", gib)
        self.inherited: frozenset[int] = frozenset()
        """Blocks that came from the parent."""
        self.written: dict[int, bytes] = {}
        """Blocks that were put, with the SHA-256 of each."""
        self.lineage: frozenset[str] = frozenset([snapshot_id])
        self._timeout = timeout_minutes * 60
        self.started = self._last_written = cloud.clock()
        self._completes: float | None = None
        self._sealed = False
        self._writing = 0
        self._gate = threading.Condition()
        volume = Volume(cloud.backend, volume_id, gib, None)  # type: ignore[abstract]  # by name only
        super().__init__(cloud.backend, snapshot_id, volume, description, encrypted=encrypted)

    @property
    def status(self) -> str:
        """pending, completed or error (State of DescribeSnapshots, Status of EBS direct)."""
        now = self.cloud.clock()
        if self._completes is not None:
            return "completed" if now >= self._completes else "pending"
        return "error" if now - self._last_written > self._timeout else "pending"

    @status.setter
    def status(self, value: str) -> None:
        """moto says `completed` when it makes one; here it shows."""

    @property
    def progress(self) -> str:
        return "100%" if self.status == "completed" else "0%"

    @property
    def state_message(self) -> str | None:
        return "The snapshot was not completed in time" if self.status == "error" else None

    @property
    def blocks(self) -> frozenset[int]:
        return self.inherited | self.written.keys()

    @contextmanager
    def inheriting(self, parent: DiskSnapshot) -> Iterator[None]:
        """Starts from all that `parent`, not longer than this one, holds.

        Copied when the context ends, so that this can be left without `Cloud.lock`; the parent may be
        deleted meanwhile, and whoever puts blocks waits.
        """
        with self._gate, parent.disk.path.open("rb", buffering=0) as source:
            self.inherited = parent.blocks
            self.lineage = parent.lineage | self.lineage
            yield
            self.disk.take_over(source.fileno(), self.inherited)

    def put(self, index: int, data: bytes, digest: bytes) -> None:
        """Writes a block. Several threads may put at once. Raises NotPending."""
        with self._gate:
            if self._sealed or self.status != "pending":
                raise NotPending
            self._writing += 1
        try:
            self.disk.write(index, data)
        finally:
            with self._gate:
                self._writing -= 1
                self.written[index] = digest
                self._last_written = self.cloud.clock()
                self._gate.notify_all()

    def seal(self) -> None:
        """Ends the putting: waits for blocks under way and lets no more in. Raises NotPending."""
        with self._gate:
            if self._sealed or self.status != "pending":
                raise NotPending
            self._sealed = True
            self._gate.wait_for(lambda: self._writing == 0)

    def unseal(self) -> None:
        with self._gate:
            self._sealed = False

    def complete(self, seconds: float) -> None:
        """The sealed snapshot is completed `seconds` from now."""
        self._completes = self.cloud.clock() + seconds
        self.disk.seal()


def add_snapshot(cloud: Cloud, snapshot: DiskSnapshot, tags: dict[str, str]) -> None:
    """Makes a snapshot known to EC2. The caller holds `cloud.lock`."""
    cloud.backend.snapshots[snapshot.id] = snapshot
    cloud.backend.tags[snapshot.id].update(tags)


def find_snapshot(cloud: Cloud, snapshot_id: str) -> DiskSnapshot:
    """Raises InvalidSnapshot.NotFound."""
    found = cloud.backend.snapshots.get(snapshot_id)
    if not isinstance(found, DiskSnapshot):
        raise no_such_snapshot(snapshot_id)
    return found


def not_completed(snapshot: DiskSnapshot) -> EC2ClientError:
    return EC2ClientError(
        "IncorrectState",
        f"The snapshot '{snapshot.id}' is not in the completed state but {snapshot.status}.",
    )

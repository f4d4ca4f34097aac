"""Snapshots that have a disk behind them, and EC2's actions on them. Corrects these of moto:

- Snapshots have no bytes, are always `completed`, and their `from_ami` alone keeps them in use. Here a
  snapshot is in use by every AMI whose block device mappings name it (DeleteSnapshot: InvalidSnapshot.InUse).
- DescribeSnapshots ignores Owners, MaxResults and NextToken.
- CreateSnapshot and CopySnapshot copy nothing.

AWS: API reference, DescribeSnapshots, DeleteSnapshot, CreateSnapshot; EBS direct APIs, StartSnapshot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidSnapshotInUse
from moto.ec2.models.elastic_block_store import Snapshot, Volume
from moto.ec2.utils import random_snapshot_id

from extenci.sandbox.cloud import ACCOUNT, Cloud
from extenci.sandbox.disks import Disk
from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.ec2.filters import Readers, attributes, chosen
from extenci.sandbox.ec2.paging import page, page_size
from extenci.sandbox.ec2.tags import no_such_snapshot, tags_at_creation, tags_of

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
        self.disk = Disk(cloud.disks / f"{snapshot_id}.raw", gib)
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


class SnapshotActions(Actions):
    """DescribeSnapshots, DeleteSnapshot, CreateSnapshot, CopySnapshot."""

    def describe_snapshots(self) -> ActionResult:
        ids = self._get_param("SnapshotIds", [])
        size = self._get_param("MaxResults")
        if ids and size is not None:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "The parameter snapshotSet cannot be used with the parameter maxResults",
            )
        for snapshot_id in ids:
            if snapshot_id not in self.backend.snapshots:
                raise no_such_snapshot(snapshot_id)
        owners = {ACCOUNT if owner == "self" else owner for owner in self._get_param("OwnerIds", [])}
        mine = [
            snapshot
            for snapshot in self.backend.snapshots.values()
            if (not ids or snapshot.id in ids) and (not owners or snapshot.owner_id in owners)
        ]
        found = chosen(mine, self.filters, _FILTERS, lambda one: tags_of(self.backend, one.id))
        shown, following = page(
            found, page_size(size, least=5), self._get_param("NextToken"), lambda one: one.id
        )
        return ActionResult({"Snapshots": shown, "NextToken": following})

    def delete_snapshot(self) -> ActionResult:
        snapshot = find_snapshot(self.cloud, self._get_param("SnapshotId", ""))
        for image in self.backend.amis.values():
            if snapshot.id in _snapshots_of(image.block_device_mappings):
                raise InvalidSnapshotInUse(snapshot.id, image.id)
        self.error_on_dryrun()
        del self.backend.snapshots[snapshot.id]
        self.backend.tags.pop(snapshot.id, None)
        snapshot.disk.remove()
        return EmptyResult()

    def create_snapshot(self) -> ActionResult:
        """A copy of what the volume was made from: simulated machines never write to their volumes."""
        volume = self.backend.get_volume(self._get_param("VolumeId"))
        return ActionResult(self._of_request(volume.size, volume.id, volume.snapshot_id or ""))

    def copy_snapshot(self) -> ActionResult:
        source = find_snapshot(self.cloud, self._get_param("SourceSnapshotId", ""))
        if source.status != "completed":
            raise not_completed(source)
        snapshot = self._of_request(source.disk.gib, NO_VOLUME, source.id)
        return ActionResult({"SnapshotId": snapshot.id, "Tags": snapshot.tag_set})

    def _of_request(self, gib: int, volume_id: str, source: str) -> DiskSnapshot:
        tags = tags_at_creation(self.tag_specifications(), ["snapshot"])["snapshot"]
        self.error_on_dryrun()
        return self.copied(gib, volume_id, source, self._get_param("Description", ""), tags)

    def copied(
        self, gib: int, volume_id: str, source: str, description: str, tags: dict[str, str]
    ) -> DiskSnapshot:
        """A new snapshot of `gib` GiB with the content of the snapshot `source`, if there is one."""
        snapshot = DiskSnapshot(self.cloud, gib, description, volume_id=volume_id)
        original = self.backend.snapshots.get(source)
        if isinstance(original, DiskSnapshot):
            with snapshot.inheriting(original):
                pass
        snapshot.seal()
        snapshot.complete(self.cloud.pace.complete_snapshot)
        add_snapshot(self.cloud, snapshot, tags)
        return snapshot


def not_completed(snapshot: DiskSnapshot) -> EC2ClientError:
    return EC2ClientError(
        "IncorrectState",
        f"The snapshot '{snapshot.id}' is not in the completed state but {snapshot.status}.",
    )


def _snapshots_of(mappings: Iterable[dict[str, dict[str, object]]]) -> set[object]:
    return {mapping.get("Ebs", {}).get("SnapshotId") for mapping in mappings}


_FILTERS: Readers[Snapshot] = {
    "start-time": lambda one: [one.start_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")],
    **attributes(
        {
            "status": "status",
            "snapshot-id": "id",
            "owner-id": "owner_id",
            "volume-id": "volume_id",
            "volume-size": "volume_size",
            "description": "description",
            "encrypted": "encrypted",
            "progress": "progress",
            "storage-tier": "storage_tier",
        }
    ),
}

"""Snapshots that have a disk behind them, and EC2's actions on them. Corrects these shortcomings of moto:

- Snapshots have no bytes, are always `completed`, and their `from_ami` alone keeps them in use. Here a
  snapshot is in use by every AMI whose block device mappings name it (DeleteSnapshot: InvalidSnapshot.InUse).
- DescribeSnapshots ignores Owners, MaxResults and NextToken.
- CreateSnapshot and CopySnapshot copy nothing.
- ModifySnapshotAttribute passes over `CreateVolumePermission.Add`, and ResetSnapshotAttribute is missing.

AWS: API reference, DescribeSnapshots, DeleteSnapshot, CreateSnapshot, ModifySnapshotAttribute; EBS direct
APIs, StartSnapshot.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidSnapshotInUse, MissingParameterError
from moto.ec2.models.elastic_block_store import Snapshot

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.ec2.filters import Readers, attributes, chosen
from extenci.sandbox.ec2.pages import page, page_size
from extenci.sandbox.state.cloud import ACCOUNT
from extenci.sandbox.state.snapshots import (
    NO_VOLUME,
    DiskSnapshot,
    add_snapshot,
    find_snapshot,
    not_completed,
)
from extenci.sandbox.state.tags import no_such_snapshot, tags_at_creation, tags_of


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

    def modify_snapshot_attribute(self) -> ActionResult:
        snapshot = find_snapshot(self.cloud, self._get_param("SnapshotId", ""))
        added, removed = self._permissions("Add"), self._permissions("Remove")
        if not added and not removed:
            raise MissingParameterError("createVolumePermission")
        self.error_on_dryrun()
        for kind, allowed in (
            ("Group", snapshot.create_volume_permission_groups),
            ("UserId", snapshot.create_volume_permission_userids),
        ):
            allowed.update(one[kind] for one in added if kind in one)
            allowed.difference_update(one[kind] for one in removed if kind in one)
        return EmptyResult()

    def reset_snapshot_attribute(self) -> ActionResult:
        snapshot = find_snapshot(self.cloud, self._get_param("SnapshotId", ""))
        self.error_on_dryrun()
        snapshot.create_volume_permission_groups.clear()
        snapshot.create_volume_permission_userids.clear()
        return EmptyResult()

    def _permissions(self, operation: str) -> list[dict[str, str]]:
        """Those to add or to remove: `CreateVolumePermission.Add.1.UserId`, or `OperationType=add` and
        `UserId.1`."""
        found = [*self._get_param("CreateVolumePermission", {}).get(operation, [])]
        if self._get_param("OperationType") == operation.lower():
            found += [{"UserId": one} for one in self._get_param("UserIds", [])]
            found += [{"Group": one} for one in self._get_param("GroupNames", [])]
        return found

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
        snapshot.complete(self.cloud.timing.complete_snapshot)
        add_snapshot(self.cloud, snapshot, tags)
        return snapshot


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

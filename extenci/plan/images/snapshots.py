"""Snapshots of content: to register from, to continue an upload to, or to start a new one from."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.observed import ImageState, Snapshot, SnapshotState
from extenci.model.version import Parent, Version
from extenci.plan.service_index import ServiceIndex


@dataclass(frozen=True)
class PlannedUpload:
    """A change of this plan that uploads content, the address that it does so for, and the snapshot of the
    interrupted upload that it continues, if any."""

    change: str
    address: Address
    snapshot: str | None


def find_source(index: ServiceIndex, version: Version, address: Address) -> str | None:
    """The snapshot that a version can be registered from, preferably one of the same address.

    EC2 takes no volume smaller than its snapshot (RegisterImage, `VolumeSize`). Bundles have none.
    """
    if not version.registration.method.makes_snapshot:
        return None
    fitting = [
        snapshot
        for snapshot in index.content.get(version.digest, ())
        if snapshot.state is SnapshotState.COMPLETED and snapshot.gib <= version.registration.gib
    ]
    if fitting:
        return min(fitting, key=lambda snapshot: (is_foreign_name(snapshot, address), snapshot.id)).id
    return find_root(index, version)


def find_root(index: ServiceIndex, version: Version) -> str | None:
    """The only snapshot of an owned image with a version's content, where the image alone carries marks."""
    for image in index.registered.get(version.digest, ()):
        unmarked = len(image.snapshots) == 1 and image.snapshots[0] not in index.snapshots
        fits = image.gib is not None and image.gib <= version.registration.gib
        if unmarked and fits and image.state is ImageState.AVAILABLE:
            return image.snapshots[0]
    return None


def find_parent(index: ServiceIndex, version: Version, address: Address) -> Parent | None:
    """The newest snapshot of another version of an image. A new one can start from it, so that only what
    differs is sent. EBS takes no volume smaller than its parent's (StartSnapshot, `VolumeSize`)."""
    if not version.registration.method.writes_blocks:
        return None
    fitting = [
        (snapshot.started, snapshot.id, snapshot.marks.digest)
        for snapshot in index.owned_snapshots
        if snapshot.marks is not None
        and snapshot.marks.address == address
        and snapshot.state is SnapshotState.COMPLETED
        and snapshot.gib <= version.registration.gib
    ]
    known = [(started, Parent(name, digest)) for started, name, digest in fitting if digest]
    return max(known, key=lambda one: (one[0], one[1].snapshot))[1] if known else None


def find_pending(index: ServiceIndex, version: Version, address: Address) -> Snapshot | None:
    """The snapshot of an interrupted upload, preferably one of the same address, else the newest."""
    if not version.registration.method.writes_blocks:
        return None
    fitting = [
        snapshot
        for snapshot in index.content.get(version.digest, ())
        if snapshot.state is SnapshotState.PENDING and snapshot.gib <= version.registration.gib
    ]
    fitting.sort(key=lambda snapshot: (snapshot.started, snapshot.id), reverse=True)
    fitting.sort(key=lambda snapshot: is_foreign_name(snapshot, address))
    return fitting[0] if fitting else None


def is_foreign_name(snapshot: Snapshot, address: Address) -> bool:
    """Whether a snapshot was made for another address."""
    return snapshot.marks is None or snapshot.marks.address != address

"""Changes that unstage images with their snapshots, and delete snapshots that were left behind without
one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.observed import Image, Snapshot, SnapshotState
from extenci.model.plan import Blocked, Change
from extenci.model.text import listed
from extenci.model.work import UnstageWork
from extenci.plan.images.retire import ImageRemoval
from extenci.plan.images.source import ImageSource, ToBeStaged, Unavailable
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import PlanPart, join, unstage_id
from extenci.plan.protection import explain_protection, is_protected
from extenci.plan.service_index import ServiceIndex, gather


@dataclass(frozen=True)
class SnapshotFate:
    """The fate of a snapshot whose image is removed: deleted with the image `by`, or kept (None). `kept` says
    why, "" where it need not be said. `blocked`: only a mark protects it."""

    by: str | None
    kept: str = ""
    blocked: tuple[Blocked, ...] = ()


def unstage_images(
    inputs: PlanInputs,
    index: ServiceIndex,
    removals: Sequence[ImageRemoval],
    sources: Mapping[Address, ImageSource],
) -> PlanPart:
    """Deregister images, each with the snapshots that nothing uses once it is gone."""
    ordered = sorted(removals, key=lambda one: (not one.first, one.address, one.image.id))
    ids = {one.image.id: unstage_id(one.address, one.image.id) for one in ordered}
    places = {name: place for place, name in enumerate(ids)}
    reserved = reserved_snapshots(sources)
    snapshots = {snapshot.id: snapshot for snapshot in index.owned_snapshots}
    fates = {
        name: decide_snapshot_fate(inputs, index, snapshots.get(name), name, places, reserved)
        for one in ordered
        for name in one.image.snapshots
    }
    return join(unstage_image(one, fates, index, ids, reserved) for one in ordered)


def reserved_snapshots(sources: Mapping[Address, ImageSource]) -> dict[str, tuple[str, ...]]:
    """The changes of this plan that make images from a snapshot, by its id."""
    return gather(
        (source.snapshot, source.change)
        for source in sources.values()
        if isinstance(source, ToBeStaged) and source.snapshot
    )


def decide_snapshot_fate(
    inputs: PlanInputs,
    index: ServiceIndex,
    snapshot: Snapshot | None,
    name: str,
    removals: Mapping[str, int],
    reserved: Mapping[str, tuple[str, ...]],
) -> SnapshotFate:
    """Whether a snapshot is deleted, and with which image: the last one of those that use it. `removals` has
    the place of each image in the order of their removal."""
    if snapshot is None or snapshot.marks is None:
        return SnapshotFate(None, "it is not marked as this stack's")
    users = index.users.get(name, ())
    staying = [describe_image(image) for image in users if image.id not in removals]
    if staying:
        return SnapshotFate(None, f"{listed(staying)} {'uses' if len(staying) == 1 else 'use'} it")
    if name in reserved:
        return SnapshotFate(None)
    if not inputs.covers(snapshot.marks.address):
        return SnapshotFate(None, f"it belongs to {snapshot.marks.address}, which is not part of this plan")
    if is_protected(inputs, Kind.IMAGE, snapshot):
        kept = keep_leftover(inputs, snapshot, snapshot.marks.address)
        return SnapshotFate(None, f"{snapshot.marks.address} is protected", kept.blocked)
    return SnapshotFate(max((user.id for user in users), key=lambda image: removals[image]))


def describe_image(image: Image) -> str:
    """An image by its id, and its address or name."""
    return f"{image.id} ({image.marks.address if image.marks else image.name})"


def unstage_image(
    one: ImageRemoval,
    fates: Mapping[str, SnapshotFate],
    index: ServiceIndex,
    ids: Mapping[str, str],
    reserved: Mapping[str, tuple[str, ...]],
) -> PlanPart:
    """Deregister one image. If a snapshot is deleted with it, other images on that snapshot are deregistered
    before. If another image is to be made from its snapshot, that one is registered before, so that the
    content never lacks an image.
    """
    image = one.image
    own = sorted(set(image.snapshots))
    taken = tuple(name for name in own if fates[name].by == image.id)
    others = {ids[user.id] for name in taken for user in index.users[name] if user.id != image.id}
    heirs = {change for name in own for change in reserved.get(name, ())} if not one.first else set()
    change = Change(
        id=ids[image.id],
        address=one.address,
        kind=Kind.IMAGE,
        action=Action.UNSTAGE,
        count=1,
        reason=one.reason,
        work=UnstageWork(image.id, taken),
        depends_on=tuple(sorted({*one.after, *others, *heirs})),
    )
    kept = [(name, fates[name].kept) for name in own if fates[name].kept]
    return PlanPart(
        changes=(change,),
        blocked=tuple(dict.fromkeys(one for name in own for one in fates[name].blocked)),
        warnings=tuple(f"{name} stays when {image.id} goes: {why}." for name, why in kept),
    )


def remove_leftovers(
    inputs: PlanInputs, index: ServiceIndex, sources: Mapping[Address, ImageSource]
) -> PlanPart:
    """Delete snapshots that no image uses and nothing will be made from."""
    reserved = reserved_snapshots(sources)
    awaited = awaited_digests(inputs, index, sources)
    return join(
        remove_leftover(inputs, snapshot)
        for snapshot in index.owned_snapshots
        if snapshot.id not in index.users
        and snapshot.id not in reserved
        and is_leftover(inputs, snapshot, sources, awaited)
    )


def is_leftover(
    inputs: PlanInputs,
    snapshot: Snapshot,
    sources: Mapping[Address, ImageSource],
    awaited: frozenset[str],
) -> bool:
    """Whether the specs have no use for an unused snapshot."""
    marks = snapshot.marks
    if marks is None or not inputs.covers(marks.address):
        return False
    if inputs.destroy:
        return True
    return marks.digest not in awaited and not isinstance(sources.get(marks.address), Unavailable)


def awaited_digests(
    inputs: PlanInputs, index: ServiceIndex, sources: Mapping[Address, ImageSource]
) -> frozenset[str]:
    """The digests of images that are desired, but that this plan does not make."""
    return frozenset(
        disk.digest
        for address, disk in inputs.disks.items()
        if address.service == index.service.name
        and address in inputs.images
        and isinstance(sources.get(address), Unavailable | None)
    )


def remove_leftover(inputs: PlanInputs, snapshot: Snapshot) -> PlanPart:
    """Delete one snapshot, unless it is whole and protected."""
    assert snapshot.marks is not None, "only owned snapshots are removed"  # noqa: S101 - for the type checker
    address = snapshot.marks.address
    if snapshot.state is SnapshotState.COMPLETED and is_protected(inputs, Kind.IMAGE, snapshot):
        return keep_leftover(inputs, snapshot, address)
    change = Change(
        id=unstage_id(address, snapshot.id),
        address=address,
        kind=Kind.IMAGE,
        action=Action.UNSTAGE,
        count=1,
        reason="destroy" if inputs.destroy else "no image uses it",
        work=UnstageWork(None, (snapshot.id,)),
    )
    return PlanPart((change,))


def keep_leftover(inputs: PlanInputs, snapshot: Snapshot, address: Address) -> PlanPart:
    """Keep a protected snapshot, and say so."""
    if address in inputs.images and not inputs.destroy:
        return PlanPart(warnings=(f"{snapshot.id}, which no image uses, stays: {address} is protected.",))
    reason = explain_protection(inputs, Kind.IMAGE, address, snapshot.id)
    return PlanPart(blocked=(Blocked(address, Kind.IMAGE, Action.UNSTAGE, reason),))

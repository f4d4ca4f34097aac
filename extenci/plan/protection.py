"""Protection: the wish's word where there is a wish, the resource's own mark where there is none."""

from __future__ import annotations

from extenci.model.address import Address, Kind
from extenci.model.desired import ImageWish, InstancesWish
from extenci.model.observed import Image, Machine, Snapshot
from extenci.plan.inputs import Scene


def is_protected(scene: Scene, kind: Kind, thing: Image | Snapshot | Machine) -> bool:
    """Whether no plan may remove a thing."""
    if thing.marks is None:
        return False
    wish = find_wish(scene, kind, thing.marks.address)
    return wish.protect if wish else thing.marks.protect


def explain_protection(scene: Scene, kind: Kind, address: Address, what: str) -> str:
    """Why something is not removed, and how it can be."""
    wish = find_wish(scene, kind, address)
    if wish:
        return (
            f"{what} of {address} would be removed, but it is protected. Set protect: false at {wish.origin}."
        )
    return (
        f"{what} of {address} would be removed, but carries the mark of protect: true. To remove it, put its "
        "entry back into the specs with protect: false, apply, then take the entry out again."
    )


def find_wish(scene: Scene, kind: Kind, address: Address) -> ImageWish | InstancesWish | None:
    """The wish of a kind at an address."""
    return scene.images.get(address) if kind is Kind.IMAGE else scene.groups.get(address)

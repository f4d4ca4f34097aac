"""Which version an image's wish asks for: from its disk, or from what is staged of a pinned source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extenci.model.desired import ImageWish
from extenci.model.observed import Image, Snapshot, SnapshotState
from extenci.model.ownership import Marks
from extenci.model.source import shown_source
from extenci.model.version import Disk, Registration, Version
from extenci.plan.inputs import Scene, Stock

MOST_BUNDLED_GIB = 1025
"""Sizes of disks in bundles that are tried; AWS takes 10 GiB at most (EC2 User Guide, "S3-backed AMI")."""


@dataclass(frozen=True)
class Content:
    """A wanted version, and the disk (with its file) to upload it from; None where no such file is here."""

    version: Version
    disk: Disk | None
    source: str = ""


def find_content(scene: Scene, stock: Stock, wish: ImageWish) -> Content | str:
    """The version that a wish asks for, or a sentence that says why it cannot be known."""
    disk = scene.disks.get(wish.address)
    if disk is not None:
        return read_content(wish, disk, wish.source)
    twin = pinned_twin(scene, wish)
    if twin:
        return read_content(wish, scene.disks[twin.address], twin.source)
    version = pinned_version(wish, stock)
    return Content(version, None) if version else missing_source(wish)


def pinned_twin(scene: Scene, wish: ImageWish) -> ImageWish | None:
    """Another image of the specs that pins the same source, and whose file is here."""
    if wish.sha256 is None:
        return None
    twins = (other for other in scene.pinned.get(wish.sha256, ()) if other.address in scene.disks)
    return next(twins, None)


def read_content(wish: ImageWish, disk: Disk, source: str) -> Content | str:
    """The version of a disk that was read."""
    if wish.gib is not None and wish.gib < disk.gib:
        return (
            f"{wish.origin}: size is {wish.gib} GiB, but the disk {shown_source(wish.source)} needs "
            f"{disk.gib} GiB. Ask for size: {disk.gib} or more, or leave size out."
        )
    return Content(Version(disk.digest, registration(wish, wish.gib or disk.gib)), disk, source)


def registration(wish: ImageWish, gib: int) -> Registration:
    """How a wish wants a volume of `gib` GiB registered."""
    return Registration(wish.architecture, wish.boot_mode, wish.method, gib)


def missing_source(wish: ImageWish) -> str:
    """Why nothing can be made from a wish whose source file is not here."""
    known = "and what it held is not on the service" if wish.sha256 else "and no sha256 says what it held"
    return (
        f"The source file {shown_source(wish.source)} is missing, {known}. "
        f"Put the file there, or correct the source at {wish.origin}."
    )


def pinned_version(wish: ImageWish, stock: Stock) -> Version | None:
    """The version of a pinned source, told by what is on the service: an image registered as wished, else
    any content of that source, which can be registered without the file."""
    if wish.sha256 is None:
        return None
    registered = pinned_images(wish, stock)
    exact = (version for version, image in registered if says(image, version))
    return next(exact, None) or next(pinned_snapshots(wish, stock), None)


def says(image: Image, version: Version) -> bool:
    """Whether an image's marks are those of a version."""
    marks = image.marks
    return marks is not None and (marks.version, marks.digest) == (str(version), version.digest)


def pinned_images(wish: ImageWish, stock: Stock) -> Iterator[tuple[Version, Image]]:
    """The images of this name made from the pinned source, with the version each would be if wished."""
    for image in stock.owned_images.get(wish.address, ()):
        marks = image.marks
        if marks is None or not marks.digest or marks.source_sha256 != wish.sha256:
            continue
        gib = wish.gib or image.gib or labelled_gib(wish, marks)
        if gib:
            yield Version(marks.digest, registration(wish, gib)), image


def labelled_gib(wish: ImageWish, marks: Marks) -> int | None:
    """The volume's size where a service does not report it (a bundle has no volume): the one with which the
    version, registered as wished, has the label that the marks say."""
    versions = (Version(marks.digest or "", registration(wish, gib)) for gib in range(1, MOST_BUNDLED_GIB))
    return next((one.registration.gib for one in versions if str(one) == marks.version), None)


def pinned_snapshots(wish: ImageWish, stock: Stock) -> Iterator[Version]:
    """The versions that can be registered from completed snapshots of the pinned source."""
    for snapshot in stock.owned_snapshots:
        marks = snapshot.marks
        if marks and marks.digest and marks.source_sha256 == wish.sha256 and fits(snapshot, wish):
            yield Version(marks.digest, registration(wish, wish.gib or snapshot.gib))


def fits(snapshot: Snapshot, wish: ImageWish) -> bool:
    """Whether a wish's volume can be made from a snapshot: EC2 takes no volume smaller than it."""
    whole = snapshot.state is SnapshotState.COMPLETED
    return whole and (wish.gib is None or snapshot.gib <= wish.gib)

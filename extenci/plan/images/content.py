"""The version that an image's spec asks for, known from its disk, or from what is staged of a pinned
source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extenci.model.desired import DesiredImage
from extenci.model.observed import Image, Snapshot, SnapshotState
from extenci.model.ownership import Marks
from extenci.model.version import Disk, Registration, Version, shown_source
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex

MOST_BUNDLED_GIB = 1025
"""GiB below which sizes of bundled disks are tried; AWS takes 10 GiB at most (EC2 User Guide, "S3-backed
AMI")."""


@dataclass(frozen=True)
class Content:
    """A wanted version, and the disk and its file to upload it from; `disk` None: the file is not here."""

    version: Version
    disk: Disk | None
    source: str = ""


def find_content(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage) -> Content | str:
    """The version that a spec asks for, or a sentence that says why it is unknown."""
    disk = inputs.disks.get(spec.address)
    if disk is not None:
        return read_content(spec, disk, spec.source)
    twin = pinned_twin(inputs, spec)
    if twin:
        return read_content(spec, inputs.disks[twin.address], twin.source)
    version = pinned_version(spec, index)
    return Content(version, None) if version else missing_source(spec)


def pinned_twin(inputs: PlanInputs, spec: DesiredImage) -> DesiredImage | None:
    """Another image of the specs that pins the same source, and whose file is here."""
    if spec.sha256 is None:
        return None
    twins = (other for other in inputs.pinned.get(spec.sha256, ()) if other.address in inputs.disks)
    return next(twins, None)


def read_content(spec: DesiredImage, disk: Disk, source: str) -> Content | str:
    """The version of a disk that was read."""
    if spec.gib is not None and spec.gib < disk.gib:
        return (
            f"{spec.origin}: size is {spec.gib} GiB, but the disk {shown_source(spec.source)} needs "
            f"{disk.gib} GiB. Ask for size: {disk.gib} or more, or leave size out."
        )
    return Content(Version(disk.digest, registration(spec, spec.gib or disk.gib)), disk, source)


def registration(spec: DesiredImage, gib: int) -> Registration:
    """The registration that a spec asks for, with a volume of `gib` GiB."""
    return Registration(spec.architecture, spec.boot_mode, spec.method, gib)


def missing_source(spec: DesiredImage) -> str:
    """Why nothing can be staged of a spec whose source file is missing."""
    known = "and its content is not on the service" if spec.sha256 else "and no sha256 identifies its content"
    return (
        f"The source file {shown_source(spec.source)} is missing, {known}. "
        f"Put the file there, or correct the source at {spec.origin}."
    )


def pinned_version(spec: DesiredImage, index: ServiceIndex) -> Version | None:
    """The version of a pinned source, known from the service: an image that is registered as desired, else
    any content of that source, which can be registered without the file."""
    if spec.sha256 is None:
        return None
    registered = pinned_images(spec, index)
    exact = (version for version, image in registered if says(image, version))
    return next(exact, None) or next(pinned_snapshots(spec, index), None)


def says(image: Image, version: Version) -> bool:
    """Whether an image's marks are those of a version."""
    marks = image.marks
    return marks is not None and (marks.version, marks.digest) == (str(version), version.digest)


def pinned_images(spec: DesiredImage, index: ServiceIndex) -> Iterator[tuple[Version, Image]]:
    """The images of this address that were made from the pinned source, each with the version that it would
    be if it were registered as desired."""
    for image in index.owned_images.get(spec.address, ()):
        marks = image.marks
        if marks is None or not marks.digest or marks.source_sha256 != spec.sha256:
            continue
        gib = spec.gib or image.gib or labelled_gib(spec, marks)
        if gib:
            yield Version(marks.digest, registration(spec, gib)), image


def labelled_gib(spec: DesiredImage, marks: Marks) -> int | None:
    """The size of a volume that the service does not report (a bundle has none): the one that gives the
    version, registered as desired, the label in the marks."""
    versions = (Version(marks.digest or "", registration(spec, gib)) for gib in range(1, MOST_BUNDLED_GIB))
    return next((one.registration.gib for one in versions if str(one) == marks.version), None)


def pinned_snapshots(spec: DesiredImage, index: ServiceIndex) -> Iterator[Version]:
    """The versions that can be registered from completed snapshots of the pinned source."""
    for snapshot in index.owned_snapshots:
        marks = snapshot.marks
        if marks and marks.digest and marks.source_sha256 == spec.sha256 and fits(snapshot, spec):
            yield Version(marks.digest, registration(spec, spec.gib or snapshot.gib))


def fits(snapshot: Snapshot, spec: DesiredImage) -> bool:
    """Whether a spec's volume can be made from a snapshot: EC2 takes no volume smaller than it."""
    whole = snapshot.state is SnapshotState.COMPLETED
    return whole and (spec.gib is None or snapshot.gib <= spec.gib)

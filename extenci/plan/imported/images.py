"""The spec that describes an existing image, and the marks that the image gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from extenci.model.address import Address
from extenci.model.desired import DesiredImage, Origin
from extenci.model.errors import PlanError
from extenci.model.observed import Image, ImageState
from extenci.model.ownership import Role
from extenci.model.service import Service
from extenci.model.version import Architecture, BootMode, Disk, Method, Registration, Version
from extenci.plan.images.content import MOST_BUNDLED_GIB, registration
from extenci.plan.imported.refusals import NOTHING_DONE, own_tags


def require_usable(image: Image, address: Address) -> None:
    """PlanError where an image cannot be described by a spec."""
    shown = f"The image {image.id} ({image.name}) on {address.service}"
    if image.state is not ImageState.AVAILABLE:
        raise PlanError(f"{shown} is {image.state}, not available.", f"{NOTHING_DONE} Import it once it is.")
    is_staged = image.marks is not None and image.marks.digest is not None
    if len(set(image.snapshots)) > 1 and not is_staged:
        raise PlanError(
            f"{shown} has {len(set(image.snapshots))} volumes. An image of the specs has one.",
            f"{NOTHING_DONE} Groups can use it by its id: `image: {image.id}`.",
        )
    if image.architecture not in {None, *map(str, Architecture)}:
        raise PlanError(f"{shown} is for {image.architecture}, which specs cannot say.", NOTHING_DONE)


def sketch_image(image: Image, address: Address, source: str, service: Service) -> DesiredImage:
    """A spec that names the disk of an image (an absolute path), before that was read."""
    methods = possible_methods(image)
    method = service.stage if service.stage in methods else methods[0]
    return DesiredImage(address, Origin(source, 0, 0), source, method)


def describe_image(image: Image, sketch: DesiredImage, disk: Disk) -> DesiredImage:
    """The spec of which an image is the staged version."""
    settings = registration_of(image, sketch, disk)
    marks = image.marks
    return replace(
        sketch,
        method=settings.method,
        architecture=settings.architecture,
        boot_mode=settings.boot_mode,
        gib=settings.gib if settings.gib != disk.gib else None,
        protect=bool(marks and marks.protect),
        tags=own_tags(image),
    )


def possible_methods(image: Image) -> list[Method]:
    """The methods by which an image may have been staged."""
    return [one for one in Method if one.makes_snapshot is (image.manifest is None)]


def registration_of(image: Image, sketch: DesiredImage, disk: Disk) -> Registration:
    """How an image was registered: as its marks say where extenci did it, else as the service reports, and by
    the sketch's method, since that cannot be seen."""
    label = image.marks.version if image.marks else None
    if label is not None:
        for known in possible_registrations(image, disk):
            if str(Version(disk.digest, known)) == label:
                return known
    return replace(reported(image, disk), method=sketch.method)


def possible_registrations(image: Image, disk: Disk) -> Iterator[Registration]:
    """All registrations that an image may have. A bundle does not tell the size of its volume, and old
    services tell no boot mode."""
    sizes = [image.gib] if image.gib else [disk.gib, *range(1, MOST_BUNDLED_GIB)]
    modes = [BootMode(image.boot_mode)] if image.boot_mode in list(BootMode) else [None, *BootMode]
    for method in possible_methods(image):
        for mode in modes:
            for gib in sizes:
                yield replace(reported(image, disk), method=method, boot_mode=mode, gib=gib)


def reported(image: Image, disk: Disk) -> Registration:
    """The registration that the service reports."""
    architectures = {str(one): one for one in Architecture}
    return Registration(
        architectures.get(image.architecture or "", Architecture.X86_64),
        BootMode(image.boot_mode) if image.boot_mode in list(BootMode) else None,
        next(iter(Method)),
        image.gib or disk.gib,
    )


def require_described(image: Image, spec: DesiredImage, disk: Disk) -> None:
    """PlanError where a spec asks for another image than this one."""
    wanted = registration(spec, spec.gib or disk.gib)
    found = reported(image, disk)
    compared = {
        "architecture": (found.architecture, wanted.architecture),
        "boot_mode": (found.boot_mode, wanted.boot_mode if image.boot_mode else found.boot_mode),
        "size": (image.gib or wanted.gib, wanted.gib),
        "method": (
            "a bundle" if image.manifest else "on a snapshot",
            "on a snapshot" if wanted.method.makes_snapshot else "a bundle",
        ),
    }
    wrong = [f"{name} {has}, not {asked}" for name, (has, asked) in compared.items() if has != asked]
    if wrong:
        raise PlanError(
            f"{image.id} is not what {spec.address} asks for at {spec.origin}: {'; '.join(wrong)}.",
            f"{NOTHING_DONE} Make the entry say what the image is, and import it again.",
        )


def require_content(image: Image, spec: DesiredImage, disk: Disk, seen: str | None) -> None:
    """PlanError where an image was made from another disk: by its marks, or by the digest of its snapshot's
    blocks (`seen`), where these were read."""
    known = image.marks.digest if image.marks else seen
    if known is not None and known != disk.digest:
        raise PlanError(
            f"{image.id} was not made from {spec.source}: the digest of its content is {known[:12]}…, and "
            f"that of the disk is {disk.digest[:12]}….",
            f"{NOTHING_DONE} Name the disk that it was made from.",
        )


def is_imported(image: Image, spec: DesiredImage, stack: str) -> bool:
    """Whether an image is at its address already."""
    marks = image.marks
    return marks is not None and (marks.stack, marks.role, marks.address) == (stack, Role.POOL, spec.address)

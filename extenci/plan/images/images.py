"""The plan of the images that the specs need on a service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredImage
from extenci.model.observed import Image
from extenci.model.plan import Blocked, Change
from extenci.model.version import shown_source
from extenci.plan.images.changes import MadeImage, make_images
from extenci.plan.images.excluded import use_excluded
from extenci.plan.images.lookup import (
    MissingImage,
    find_without_disk,
    look_for_usable,
    needed_images,
)
from extenci.plan.images.obsolete_test_vms import endings_of
from extenci.plan.images.shrinkage import shrinkage_warning
from extenci.plan.images.source import ImageSource, Staged, ToBeStaged, Unavailable
from extenci.plan.images.verification import HeldBack, find_verdict_status, last_good, verify_version
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import PlanPart
from extenci.plan.service_index import ServiceIndex


@dataclass(frozen=True)
class PlannedImage:
    """One needed image: what was found, its source, the changes that make and verify it, and a warning."""

    spec: DesiredImage
    found: ImageSource | MissingImage | HeldBack
    source: ImageSource
    change: Change | None = None
    verification: Change | None = None
    warning: str = ""
    excluded: bool = False

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """Why it cannot be used, if so."""
        if self.excluded:
            return ()
        if isinstance(self.found, HeldBack):
            return (self.found.blocked,)
        if isinstance(self.source, Unavailable):
            return (Blocked(self.spec.address, Kind.IMAGE, Action.STAGE, self.source.reason),)
        return ()


@dataclass(frozen=True)
class ImagePlan:
    """The source of each needed image, and the changes that make and verify them. `cleared` are failed images
    that have a needed name, and must be unstaged before the changes of `part`. `kept_back` are ids of images
    that stay although no group uses them, since their verification is not over. `left_out` are excluded
    images of which there is no version that groups could go by."""

    sources: Mapping[Address, ImageSource]
    part: PlanPart
    cleared: tuple[Image, ...]
    kept_back: frozenset[str] = frozenset()
    left_out: frozenset[Address] = frozenset()


def plan_images(inputs: PlanInputs, index: ServiceIndex) -> ImagePlan:
    """Find or make every image that is selected on a service, or that a selected group is launched from."""
    every = [(spec, look_for_usable(inputs, index, spec)) for spec in needed_images(inputs, index)]
    excluded = inputs.desired.selection.excluded
    found = [(spec, thing) for spec, thing in every if spec.address not in excluded]
    made = make_images(inputs, index, (thing for _, thing in found if isinstance(thing, MissingImage)))
    planned = [plan_image(inputs, index, spec, thing, made.get(spec.address)) for spec, thing in found]
    for spec, thing in every:
        if spec.address in excluded:
            used = use_excluded(inputs, index, spec, thing)
            planned.append(PlannedImage(spec, used.source, used.source, warning=used.warning, excluded=True))
    return put_together(planned)


def plan_image(
    inputs: PlanInputs,
    index: ServiceIndex,
    spec: DesiredImage,
    found: ImageSource | MissingImage | HeldBack,
    made: MadeImage | None,
) -> PlannedImage:
    """Plan one image. Nothing uses it before its verification has passed."""
    source = source_of(found, made)
    change = made.change if made else None
    if isinstance(found, MissingImage):
        warning = shrinkage_warning(inputs, index, found) if change else ""
    else:
        warning = missing_disk_warning(inputs, index, spec)
    if not isinstance(source, Staged | ToBeStaged) or not needs_verification(
        inputs, index, spec, found, source
    ):
        return PlannedImage(spec, found, source, change, warning=warning)
    verification = verify_version(inputs, spec, source, endings_of(inputs, index, spec.address))
    meanwhile = last_good(inputs, index, spec, source.label)
    held = replace(source, verified_by=verification.id, meanwhile=meanwhile)
    return PlannedImage(spec, found, held, change, verification, warning)


def missing_disk_warning(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage) -> str:
    """A warning where an image that is staged is used although its disk is missing, else ""."""
    image = find_without_disk(inputs, index, spec)
    if image is None:
        return ""
    return (
        f"The source file {shown_source(spec.source)} of {spec.address} is missing on this machine. The plan "
        f"goes by {image.id}, the newest version that is staged."
    )


def put_together(images: Iterable[PlannedImage]) -> ImagePlan:
    """The plan of all images of a service."""
    every = tuple(images)
    in_order = sorted(every, key=lambda one: one.spec.address)
    held = [one.found for one in every if isinstance(one.found, HeldBack)]
    missing = [one for one in every if isinstance(one.found, MissingImage) and one.change]
    return ImagePlan(
        sources={one.spec.address: one.source for one in every},
        part=PlanPart(
            changes=(
                *(one.change for one in every if one.change),
                *(one.verification for one in every if one.verification),
            ),
            blocked=tuple(blocked for one in in_order for blocked in one.blocked),
            warnings=tuple(one.warning for one in in_order if one.warning),
        ),
        cleared=tuple(
            image for one in missing if isinstance(one.found, MissingImage) for image in one.found.failed
        ),
        kept_back=frozenset(name for thing in held for name in thing.kept_back),
        left_out=frozenset(
            one.spec.address for one in every if one.excluded and isinstance(one.source, Unavailable)
        ),
    )


def source_of(found: ImageSource | MissingImage | HeldBack, made: MadeImage | None) -> ImageSource:
    """The source of an image."""
    match found:
        case MissingImage():
            assert made is not None  # noqa: S101 - each missing image is made, or it is said why not
            return made.source
        case HeldBack(instead=instead):
            return instead
        case _:
            return found


def needs_verification(
    inputs: PlanInputs,
    index: ServiceIndex,
    spec: DesiredImage,
    found: object,
    source: Staged | ToBeStaged,
) -> bool:
    """Whether a version has to be verified, and has no verdict yet."""
    if spec.verify is None or isinstance(found, HeldBack):
        return False
    image = source.image if isinstance(source, Staged) else None
    return find_verdict_status(inputs, index, spec, source.label, image).verdict is None

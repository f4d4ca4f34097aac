"""Images that a plan leaves as they are, although groups that it changes are launched from them."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.desired import DesiredImage
from extenci.model.observed import Image, ImageState
from extenci.model.text import listed
from extenci.model.verdict import Verdict
from extenci.plan.images.lookup import MissingImage
from extenci.plan.images.source import ImageSource, Staged, ToBeStaged, Unavailable, staged_as
from extenci.plan.images.verification import HeldBack, find_verdict_status, last_good
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex, newest_first


@dataclass(frozen=True)
class ExcludedImage:
    """The version that groups go by meanwhile, or Unavailable, so that they are left out, too; and a sentence
    about that, "" where it is the wanted one."""

    source: Staged | Unavailable
    warning: str = ""


def use_excluded(
    inputs: PlanInputs,
    index: ServiceIndex,
    spec: DesiredImage,
    found: ImageSource | MissingImage | HeldBack,
) -> ExcludedImage:
    """The wanted version where nothing has to be done for it, else the newest that can be used."""
    if isinstance(found, Staged) and is_usable(inputs, index, spec, found):
        return ExcludedImage(found)
    groups = sorted(
        group.address
        for group in inputs.groups_on(index.service.name)
        if group.image == spec.address and inputs.covers(group.address)
    )
    image = newest_usable(inputs, index, spec, label_of(found))
    if image is None:
        lack = "no version of it is staged and verified" if spec.verify else "no version of it is staged"
        verb, them = ("is", "it is") if len(groups) == 1 else ("are", "they are")
        left_out = f"{listed(groups)} {verb} left out, too: {them} launched from {spec.address}"
        return ExcludedImage(Unavailable(lack), f"{left_out}, which is excluded, and {lack}.")
    state = "passed its verification" if spec.verify else "is staged"
    verb = "goes" if len(groups) == 1 else "go"
    told = f"{spec.address} is excluded, and the version that the specs ask for is not ready"
    return ExcludedImage(
        staged_as(image), f"{told}. {listed(groups)} {verb} by {image.id}, the newest version that {state}."
    )


def is_usable(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage, found: Staged) -> bool:
    """Whether machines may be launched from a staged version: it needs no verification, or has passed."""
    if spec.verify is None:
        return True
    status = find_verdict_status(inputs, index, spec, found.label, found.image)
    return status.verdict is Verdict.PASSED


def newest_usable(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage, label: str) -> Image | None:
    """The newest version that machines may be launched from."""
    if spec.verify is not None:
        return last_good(inputs, index, spec, label)
    images = newest_first(index.owned_images.get(spec.address, ()))
    return next((image for image in images if image.state is not ImageState.FAILED), None)


def label_of(found: ImageSource | MissingImage | HeldBack) -> str:
    """The label of the wanted version, "" where it is unknown."""
    match found:
        case MissingImage(content=content):
            return str(content.version)
        case Staged(label=label) | ToBeStaged(label=label):
            return label
        case Unavailable(label=known):
            return known or ""
        case _:
            return ""

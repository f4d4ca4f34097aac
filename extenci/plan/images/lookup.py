"""Whether a desired image is staged, can be staged, or cannot."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.desired import DesiredImage
from extenci.model.observed import Image, ImageState
from extenci.model.verdict import Verdict
from extenci.plan.images.content import Content, find_content, says
from extenci.plan.images.names import name_of, needs_service
from extenci.plan.images.source import ImageSource, Staged, ToBeStaged, Unavailable, staged_as
from extenci.plan.images.verification import HeldBack, find_verdict_status, hold_back
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex, newest_first

UploadKey = tuple[str, Address | None]


@dataclass(frozen=True)
class MissingImage:
    """An image that is not staged, with its content. `failed` are images of the version whose registration
    failed; `names_service` is as in StageWork."""

    spec: DesiredImage
    content: Content
    failed: tuple[Image, ...]
    names_service: bool = False

    @property
    def upload_key(self) -> UploadKey:
        """A key that is the same for images that one upload can serve: those on a snapshot of one content."""
        is_shared = self.spec.method.makes_snapshot
        return self.content.version.digest, None if is_shared else self.spec.address


def needed_images(inputs: PlanInputs, index: ServiceIndex) -> tuple[DesiredImage, ...]:
    """The images that are selected, and those that a selected group is launched from."""
    if inputs.destroy:
        return ()
    name = index.service.name
    references = {group.image for group in inputs.groups_on(name) if inputs.covers(group.address)}
    return tuple(
        spec for spec in inputs.images_on(name) if inputs.covers(spec.address) or spec.address in references
    )


def look_for_usable(
    inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage
) -> ImageSource | MissingImage | HeldBack:
    """The result of `look_for`, unless a verdict says that the version must not be used."""
    found = look_for(inputs, index, spec)
    if spec.verify is None or isinstance(found, Unavailable | ToBeStaged):
        return found
    label = found.label if isinstance(found, Staged) else str(found.content.version)
    image = found.image if isinstance(found, Staged) else None
    verdict_status = find_verdict_status(inputs, index, spec, label, image)
    if verdict_status.verdict in (None, Verdict.PASSED):
        return found
    return hold_back(inputs, index, spec, label, image, verdict_status)


def look_for(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage) -> ImageSource | MissingImage:
    """Find out whether a desired image is staged, can be staged, or cannot."""
    content = find_content(inputs, index, spec)
    if isinstance(content, str):
        staged_before = find_without_disk(inputs, index, spec)
        return staged_as(staged_before) if staged_before else Unavailable(content)
    version = content.version
    same = [image for image in index.owned_images.get(spec.address, ()) if says(image, version)]
    staged = [image for image in same if image.state is not ImageState.FAILED]
    if staged:
        best = min(staged, key=lambda image: preference(image, index))
        return Staged(best, str(version), version.digest)
    if same and (spec.protect or not inputs.covers(spec.address)):
        return Unavailable(explain_failed(same[0], spec), str(version))
    names_service = needs_service(inputs, index, spec, version)
    name = name_of(inputs, spec, version, names_service=names_service)
    foreign = next((image for image in index.named.get(name, ()) if image not in same), None)
    if foreign:
        return Unavailable(explain_holder(foreign), str(version))
    return MissingImage(spec, content, tuple(same), names_service)


def find_without_disk(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage) -> Image | None:
    """The newest image of a spec whose disk is not on this machine, to launch a selected group from. An image
    that is selected itself, or whose content is pinned, is not guessed."""
    is_known = spec.address in inputs.disks or spec.sha256 is not None
    if inputs.covers(spec.address) or is_known:
        return None
    images = newest_first(index.owned_images.get(spec.address, ()))
    return next((one for one in images if one.state is not ImageState.FAILED), None)


def preference(image: Image, index: ServiceIndex) -> tuple[bool, bool, str, str]:
    """A sort key that puts first which of several images of a version to keep: in use, available, the
    oldest."""
    idle = image.id not in index.run_from
    return idle, image.state is not ImageState.AVAILABLE, image.created, image.id


def explain_failed(image: Image, spec: DesiredImage) -> str:
    """Why an image whose registration failed is in the way: this plan may not remove it."""
    if spec.protect:
        why = f"is protected. Set protect: false at {spec.origin} until it is staged."
    else:
        why = "is not selected, so nothing of it is removed. Select it, too."
    return f"The registration of {image.id} failed, so it has to be removed first, but {spec.address} {why}"


def explain_holder(image: Image) -> str:
    """Why an image of somebody else is in the way: it has the name."""
    marks = image.marks
    whose = f"an image of stack {marks.stack} at {marks.address}" if marks else "an image not made by extenci"
    return (
        f"{image.id}, {whose}, already has the name {image.name}, and a service registers a name only once. "
        "Rename the image in the specs, or deregister that one yourself if nobody needs it."
    )

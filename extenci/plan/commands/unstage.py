"""The plan of `extenci unstage`: the removal of an image that was staged manually."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, ServiceState
from extenci.model.ownership import Role
from extenci.model.plan import Plan
from extenci.model.record import Records
from extenci.model.text import counted, listed
from extenci.plan.commands.manual import swap_roles
from extenci.plan.images.retire import ImageRemoval
from extenci.plan.images.unstage import unstage_images
from extenci.plan.inputs import gather_inputs
from extenci.plan.service_index import has_role

MOST_NAMED = 10


def plan_unstage(
    desired: Desired, service: str, image: str, observation: Observation, records: Records, now: float
) -> Plan:
    """Remove one image that was staged manually, named by its id or its name, and those of its snapshots that
    nothing else uses. PlanError where there is none, or it is somebody else's, protected, or in use."""
    found = find_image(observation.services[service], desired.stack, image)
    refuse_in_use(found, observation.services[service].machines)
    assert found.marks is not None, "a manually staged image has marks"  # noqa: S101 - for the type checker
    inputs = gather_inputs(desired, swap_roles(observation, desired.stack, records), records, now=now)
    removal = ImageRemoval(found, found.marks.address, "asked for")
    part = unstage_images(inputs, inputs.indexes[service], [removal], {})
    return Plan(desired.stack, (service,), part.changes, blocked=part.blocked, warnings=part.warnings)


def find_image(state: ServiceState, stack: str, name: str) -> Image:
    """The image of an id or a name that may be unstaged manually (PlanError)."""
    for image in state.images:
        if image.id == name:
            return removable(image, state.service, stack)
    named = [one for one in state.images if name in names_of(one)]
    ours = [one for one in named if is_manual(one, stack)]
    if len(ours) > 1:
        raise PlanError(
            f"{len(ours)} manually staged images on {state.service} have the name {name}: {ids(ours)}.",
            "Give the id of the one to remove.",
        )
    if ours or named:
        return removable((ours or named)[0], state.service, stack)
    known = [one for one in state.images if is_manual(one, stack)]
    raise PlanError(
        f"There is no image {name} on {state.service}.",
        f"Manually staged images of the stack {stack}: {ids(known)}."
        if known
        else f"The stack {stack} has no manually staged images there.",
    )


def names_of(image: Image) -> set[str]:
    """The names that a person may use for an image: its full name, that of its spec, and its address."""
    return {image.name, *((image.marks.name, str(image.marks.address)) if image.marks else ())}


def removable(image: Image, service: str, stack: str) -> Image:
    """The image itself, where the stack staged it manually and it is not protected (PlanError)."""
    marks, shown = image.marks, f"The image {image.id} ({image.name}) on {service}"
    if marks is None:
        raise PlanError(
            f"{shown} was not made by extenci, so extenci never removes it.",
            "Remove it with the service's own tools if it is yours.",
        )
    if marks.stack != stack:
        raise PlanError(
            f"{shown} belongs to the stack {marks.stack}, not {stack}.", f"Say --stack {marks.stack}."
        )
    if marks.role is not Role.MANUAL:
        raise PlanError(
            f"{shown} is {marks.address} of the specs of {stack}, and was not staged manually.",
            "Take its entry out of the specs and apply them.",
        )
    if marks.protect:
        raise PlanError(
            f"{shown} is protected.", "extenci removes nothing that carries the tag extenci:protect."
        )
    return image


def refuse_in_use(image: Image, machines: Sequence[Machine]) -> None:
    """PlanError where machines of the stack run from an image."""
    users = [one for one in machines if one.image == image.id and not one.state.is_gone]
    if users:
        names = [f"{one.id} ({one.marks.address})" if one.marks else one.id for one in users]
        verb = "runs" if len(users) == 1 else "run"
        raise PlanError(
            f"{counted(len(users), 'machine')} {verb} from {image.id} ({image.name}): {listed(names)}.",
            "Nothing was done. Terminate them first.",
        )


def is_manual(image: Image, stack: str) -> bool:
    """Whether a stack staged an image manually."""
    return has_role(image.marks, Role.MANUAL, stack)


def ids(images: Sequence[Image]) -> str:
    """Ids and names of images, for a sentence."""
    return listed([f"{one.id} ({one.marks.name if one.marks else one.name})" for one in images], MOST_NAMED)

"""The plan of `extenci unstage`: the removal of an image that was staged manually."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot
from extenci.model.ownership import Role
from extenci.model.plan import Plan
from extenci.model.record import Records
from extenci.model.text import counted, listed
from extenci.plan.commands.manual import swap_roles
from extenci.plan.images.retire import ImageRemoval
from extenci.plan.images.unstage import remove_leftover, unstage_images
from extenci.plan.inputs import gather_inputs
from extenci.plan.part import join
from extenci.plan.service_index import has_role

MOST_NAMED = 10


def plan_unstage(
    desired: Desired, service: str, image: str, observation: Observation, records: Records, now: float
) -> Plan:
    """Remove one image that was staged manually, named by its id or its name, and those of its snapshots that
    nothing else uses; or what an interrupted unstaging left of it. PlanError where there never was one, or it
    is somebody else's, protected, or in use."""
    found = find_image(observation.services[service], desired.stack, image)
    if found is None:
        return plan_rest(desired, service, image, observation, records, now)
    refuse_in_use(found, observation.services[service].machines)
    assert found.marks is not None, "a manually staged image has marks"  # noqa: S101 - for the type checker
    inputs = gather_inputs(desired, swap_roles(observation, desired.stack, records), records, now=now)
    removal = ImageRemoval(found, found.marks.address, "asked for")
    part = unstage_images(inputs, inputs.indexes[service], [removal], {})
    return Plan(desired.stack, (service,), part.changes, blocked=part.blocked, warnings=part.warnings)


def plan_rest(
    desired: Desired, service: str, name: str, observation: Observation, records: Records, now: float
) -> Plan:
    """Delete the snapshots of an image that was deregistered before, as far as they are there: nothing, where
    it was unstaged completely. PlanError where there never was such an image, as far as anybody knows."""
    state, stack = observation.services[service], desired.stack
    before = [
        one
        for one in records.deregistered
        if one.service == service and one.role is Role.MANUAL and name in one.names
    ]
    known = {snapshot for one in before for snapshot in one.snapshots}
    inputs = gather_inputs(desired, swap_roles(observation, stack, records), records, now=now)
    index = inputs.indexes[service]
    rest = [
        one
        for one in index.owned_snapshots
        if one.id not in index.users and (one.id in known or name in addresses_of(one))
    ]
    if not before and not rest:
        raise no_image(state, stack, name)
    part = join(remove_leftover(inputs, one) for one in rest)
    return Plan(stack, (service,), part.changes, blocked=part.blocked, warnings=part.warnings)


def find_image(state: ServiceState, stack: str, name: str) -> Image | None:
    """The image of an id or a name that may be unstaged manually (PlanError); None where the stack has none.
    A name means an image of this stack, never one of another that has the same name."""
    for image in state.images:
        if image.id == name:
            return removable(image, state.service, stack)
    ours = [one for one in state.images if name in names_of(one) and is_manual(one, stack)]
    if len(ours) > 1:
        raise PlanError(
            f"{len(ours)} manually staged images on {state.service} have the name {name}: {ids(ours)}.",
            "Give the id of the one to remove.",
        )
    return removable(ours[0], state.service, stack) if ours else None


def no_image(state: ServiceState, stack: str, name: str) -> PlanError:
    """The error for a name that no manually staged image of the stack has, whoever else has one of it."""
    named = [one for one in state.images if name in names_of(one)]
    for image in named:
        if image.marks is None or image.marks.stack == stack:
            removable(image, state.service, stack)  # says why not
    known = [one for one in state.images if is_manual(one, stack)]
    there = (
        f"The stack {stack} has no image {name} on {state.service}; those of other stacks stay."
        if named
        else f"There is no image {name} on {state.service}."
    )
    return PlanError(
        there,
        f"Manually staged images of the stack {stack}: {ids(known)}."
        if known
        else f"The stack {stack} has no manually staged images there.",
    )


def addresses_of(snapshot: Snapshot) -> tuple[str, ...]:
    """The names that a person may use for the image that a snapshot was made for."""
    marks = snapshot.marks
    return (marks.name, str(marks.address)) if marks else ()


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
            f"{shown} belongs to the stack {marks.stack}, not {stack}.",
            "Nothing was done: `unstage` removes what its own stack has staged. Look at the image's id.",
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

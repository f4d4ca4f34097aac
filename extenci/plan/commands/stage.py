"""The plans of `extenci stage` and `extenci unstage`: images that no plan of the specs looks after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from extenci.model.action import Action
from extenci.model.address import Address, Role
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, ServiceState
from extenci.model.plan import Plan
from extenci.model.record import Records
from extenci.model.text import counted, listed
from extenci.model.version import Disk
from extenci.plan.commands.trial import by_hand, refuse_planned, swap_roles
from extenci.plan.commands.verify import with_needed
from extenci.plan.images.lookup import look_for
from extenci.plan.images.retire import ImageRemoval
from extenci.plan.images.source import Staged
from extenci.plan.images.unstage import unstage_images
from extenci.plan.inputs import gather_inputs
from extenci.plan.planner import make_plan

STAGING = (Action.STAGE, Action.REGISTER)
MOST_NAMED = 10


def as_seen_manually(desired: Desired, observation: Observation, records: Records) -> Observation:
    """What there is, as it would look if plans looked after what was staged by hand, and nothing else."""
    services = observation.services.items()
    return Observation({name: swap_roles(state, desired.stack, records) for name, state in services})


def plan_stage(
    desired: Desired, disks: Mapping[Address, Disk], observation: Observation, records: Records, now: float
) -> Plan:
    """Stage what is desired, by hand; nothing to do where that was done before. Other versions that were
    staged by hand under the same name stay.

    PlanError where the specs have staged the same content under the same name already.
    """
    addresses = frozenset(spec.address for spec in desired.images)
    seen = as_seen_manually(desired, observation, records)
    whole = make_plan(desired, disks, seen, replace(records, resources=(), applied={}), now=now)
    wanted = {one.id for one in whole.changes if one.action in STAGING and one.address in addresses}
    made = replace(with_needed(whole, wanted, addresses), warnings=())
    if made.blocked:
        refuse_planned(desired, disks, observation)
    return replace(made, changes=tuple(map(by_hand, made.changes)))


def find_staged(
    desired: Desired, disks: Mapping[Address, Disk], observation: Observation, records: Records
) -> Image | None:
    """The image that was staged by hand already, if it is what is desired now."""
    seen = as_seen_manually(desired, observation, records)
    known = replace(records, resources=(), applied={})
    inputs = gather_inputs(desired, seen, known, disks=disks)
    (spec,) = desired.images
    found = look_for(inputs, inputs.indexes[spec.address.service], spec)
    return found.image if isinstance(found, Staged) else None


def plan_unstage(
    desired: Desired, service: str, image: str, observation: Observation, records: Records, now: float
) -> Plan:
    """Remove one image that was staged by hand, named by its id or its name, and its snapshots where nothing
    else uses them. PlanError where there is none, it is not one of those, protected, or in use."""
    found = find_image(observation.services[service], desired.stack, image)
    refuse_in_use(found, observation.services[service].machines)
    assert found.marks is not None, "what was staged by hand has marks"  # noqa: S101 - for the type checker
    inputs = gather_inputs(desired, as_seen_manually(desired, observation, records), records, now=now)
    removals = ImageRemoval(found, found.marks.address, "asked for")
    part = unstage_images(inputs, inputs.indexes[service], [removals], {})
    return Plan(desired.stack, (service,), part.changes, blocked=part.blocked, warnings=part.warnings)


def find_image(state: ServiceState, stack: str, name: str) -> Image:
    """The image of an id or a name that may be unstaged by hand (PlanError)."""
    for image in state.images:
        if image.id == name:
            return removable(image, state.service, stack)
    named = [one for one in state.images if name in names_of(one)]
    ours = [one for one in named if is_manual(one, stack)]
    if len(ours) > 1:
        raise PlanError(
            f"{len(ours)} images that were staged by hand on {state.service} are called {name}: {ids(ours)}.",
            "Give the id of the one that is to go.",
        )
    if ours or named:
        return removable((ours or named)[0], state.service, stack)
    known = [one for one in state.images if is_manual(one, stack)]
    raise PlanError(
        f"There is no image {name} on {state.service}.",
        f"Staged by hand by the stack {stack} are: {ids(known)}."
        if known
        else f"Nothing was staged there by hand by the stack {stack}.",
    )


def names_of(image: Image) -> set[str]:
    """What a person may call an image: its full name, that of its spec, and its address."""
    return {image.name, *((image.marks.name, str(image.marks.address)) if image.marks else ())}


def removable(image: Image, service: str, stack: str) -> Image:
    """The image itself, where it was staged by hand by the stack and is not protected (PlanError)."""
    marks, shown = image.marks, f"The image {image.id} ({image.name}) on {service}"
    if marks is None:
        raise PlanError(
            f"{shown} was not made by extenci, so it is never removed by it.",
            "Remove it with the service's own tools if it is yours.",
        )
    if marks.stack != stack:
        raise PlanError(
            f"{shown} belongs to the stack {marks.stack}, not {stack}.", f"Say --stack {marks.stack}."
        )
    if marks.role is not Role.MANUAL:
        raise PlanError(
            f"{shown} is {marks.address} of the specs of {stack}, and was not staged by hand.",
            "Take its entry out of the specs and apply them.",
        )
    if marks.protect:
        raise PlanError(f"{shown} is protected.", "Nothing removes what carries the tag extenci:protect.")
    return image


def refuse_in_use(image: Image, machines: Sequence[Machine]) -> None:
    """PlanError where machines of the stack run from an image."""
    users = [one for one in machines if one.image == image.id and not one.state.is_gone]
    if users:
        names = [f"{one.id} ({one.marks.address})" if one.marks else one.id for one in users]
        verb = "runs" if len(users) == 1 else "run"
        raise PlanError(
            f"{counted(len(users), 'machine')} {verb} from {image.id} ({image.name}): {listed(names)}.",
            "End what uses it first. Nothing was done.",
        )


def is_manual(image: Image, stack: str) -> bool:
    """Whether an image was staged by hand by a stack."""
    return image.marks is not None and (image.marks.stack, image.marks.role) == (stack, Role.MANUAL)


def ids(images: Sequence[Image]) -> str:
    """Images for a sentence: ids and names."""
    return listed([f"{one.id} ({one.marks.name if one.marks else one.name})" for one in images], MOST_NAMED)

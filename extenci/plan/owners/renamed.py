"""Warns where what the specs ask for is there already, made under another stack's name: perhaps `stack:` was
renamed, and all would be made a second time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from extenci.model.address import Address
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.text import counted, listed
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex


def warn_of_other_stacks(inputs: PlanInputs, index: ServiceIndex) -> tuple[str, ...]:
    """A warning for each other stack on a service that has resources of this root, and for each one of this
    home that has some at desired addresses while this stack owns nothing yet."""
    if inputs.destroy:
        return ()
    of_root = find_of_root(inputs, index)
    desired = set() if owns_something(inputs, index) else set(find_desired(inputs, index.service.name))
    others = inputs.records.other_stacks
    of_home = {stack for address in desired for stack in others.get(address, ())} - of_root.keys()
    return (
        *(warning(inputs, stack, index.service.name, of_root[stack]) for stack in sorted(of_root)),
        *(warning_of_home(inputs, stack, desired) for stack in sorted(of_home)),
    )


def find_of_root(inputs: PlanInputs, index: ServiceIndex) -> dict[str, Counter[str]]:
    """What this root has on a service under other stack names, by their names: how many of each kind."""
    found: dict[str, Counter[str]] = {}
    things: dict[str, tuple[Image | Snapshot | Machine, ...]] = {
        "image": tuple(index.images.values()),
        "snapshot": tuple(index.snapshots.values()),
        "machine": tuple(index.machines.values()),
    }
    for kind, several in things.items():
        for marks in (thing.marks for thing in several):
            is_of_root = marks is not None and marks.root_id == inputs.desired.root_id is not None
            if is_of_root and marks is not None and marks.stack != inputs.desired.stack:
                found.setdefault(marks.stack, Counter())[kind] += 1
    return found


def owns_something(inputs: PlanInputs, index: ServiceIndex) -> bool:
    """Whether the stack has anything on a service, by its marks or by the records."""
    recorded = any(address.service == index.service.name for address in inputs.recorded)
    return bool(recorded or index.owned_images or index.owned_snapshots or index.owned_machines)


def find_desired(inputs: PlanInputs, service: str) -> Iterator[Address]:
    """The selected addresses that are desired on a service."""
    images = (spec.address for spec in inputs.images_on(service))
    groups = (spec.address for spec in inputs.groups_on(service))
    return (address for address in (*images, *groups) if inputs.covers(address))


def warning(inputs: PlanInputs, stack: str, service: str, numbers: Counter[str]) -> str:
    """The warning about a stack with resources of this root."""
    what = listed([counted(number, kind) for kind, number in numbers.items()])
    return (
        f"The root {inputs.desired.root_id} has {what} on {service} under the stack name {stack}, which the "
        f"stack {inputs.desired.stack} does not look after. {advice(stack)}"
    )


def warning_of_home(inputs: PlanInputs, stack: str, desired: set[Address]) -> str:
    """The warning about a stack of this home."""
    others = inputs.records.other_stacks
    shared = sorted(address for address in desired if stack in others.get(address, ()))
    return (
        f"The stack {stack} has resources at {listed(shared)}, which the stack {inputs.desired.stack} is "
        f"about to make for itself. {advice(stack)}"
    )


def advice(stack: str) -> str:
    """What to do where a stack was renamed."""
    return (
        f"If the stack was renamed, that makes everything twice: name it {stack} again, or run `extenci "
        "destroy` under that name first. Resources cannot be moved to another stack."
    )

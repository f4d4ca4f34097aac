"""Warns where what the specs ask for is there already, made under another stack's name: perhaps `stack:` was
renamed, and all would be made a second time."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.model.address import Address
from extenci.model.text import listed
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex


def warn_of_other_stacks(inputs: PlanInputs, index: ServiceIndex) -> tuple[str, ...]:
    """A warning for each other stack of this home that has resources at desired addresses of a service on
    which this stack owns nothing yet."""
    if inputs.destroy or owns_something(inputs, index):
        return ()
    desired = set(find_desired(inputs, index.service.name))
    stacks = sorted({stack for address in desired for stack in inputs.records.other_stacks.get(address, ())})
    return tuple(warning(inputs, stack, desired) for stack in stacks)


def owns_something(inputs: PlanInputs, index: ServiceIndex) -> bool:
    """Whether the stack has anything on a service, by its marks or by the records."""
    recorded = any(address.service == index.service.name for address in inputs.recorded)
    return bool(recorded or index.owned_images or index.owned_snapshots or index.owned_machines)


def find_desired(inputs: PlanInputs, service: str) -> Iterator[Address]:
    """The selected addresses that are desired on a service."""
    images = (spec.address for spec in inputs.images_on(service))
    groups = (spec.address for spec in inputs.groups_on(service))
    return (address for address in (*images, *groups) if inputs.covers(address))


def warning(inputs: PlanInputs, stack: str, desired: set[Address]) -> str:
    """The warning about one other stack."""
    others = inputs.records.other_stacks
    shared = sorted(address for address in desired if stack in others.get(address, ()))
    return (
        f"The stack {stack} has resources at {listed(shared)}, which the stack {inputs.desired.stack} is "
        "about to make for itself. If the stack was renamed, that makes everything twice: name it "
        f"{stack} again, or run `extenci destroy` under that name first. Resources cannot be moved to "
        "another stack."
    )

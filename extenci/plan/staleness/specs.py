"""Differences between the specs of a saved plan and those that are here now, both in their portable form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, Origin
from extenci.model.service import SANDBOX
from extenci.plan.differences import describe, differences
from extenci.plan.fields import desired_fields

Spec = DesiredImage | DesiredGroup
NOWHERE = Origin("", 0, 0)


def spec_differences(saved: Desired, now: Desired) -> tuple[str, ...]:
    """Lines about the stack, the services and the specs that a plan is about and that differ. In which file
    and line they stand makes no difference, and the sandbox has its ports anew each time."""
    return (*stack_difference(saved, now), *service_differences(saved, now), *entry_differences(saved, now))


def stack_difference(saved: Desired, now: Desired) -> Iterator[str]:
    """A line where the stack has another name."""
    if saved.stack != now.stack:
        yield f"the plan is of the stack {saved.stack}, and the specs are of the stack {now.stack}"


def service_differences(saved: Desired, now: Desired) -> Iterator[str]:
    """Services that are described differently, or that no spec names any more."""
    for name in saved.touched_services:
        if name not in now.services:
            yield f"{name}: no spec names the service any more"
        elif name != SANDBOX and now.services[name] != saved.services[name]:
            yield f"{name}: the service is described differently now"


def entry_differences(saved: Desired, now: Desired) -> Iterator[str]:
    """Images and groups whose specs differ, among those that the plan is about."""
    before, after = relevant(saved), relevant(replace(now, selection=saved.selection))
    for address in sorted(before.keys() | after.keys()):
        old, new = before.get(address), after.get(address)
        if old is None:
            yield f"{address}: in the specs now"
        elif new is None:
            yield f"{address}: not in the specs any more"
        elif replace(old, origin=NOWHERE) != replace(new, origin=NOWHERE):
            fields = differences(desired_fields(old), desired_fields(new))
            yield f"{address}: {describe(fields) if fields else 'its spec says something else'}"


def relevant(desired: Desired) -> dict[Address, Spec]:
    """The specs that are selected, and of the images that selected groups are launched from."""
    groups = [spec for spec in desired.instances if desired.selection.covers(spec.address)]
    needed = {spec.image for spec in groups}
    images = (
        spec for spec in desired.images if desired.selection.covers(spec.address) or spec.address in needed
    )
    found: list[Spec] = [*images, *groups]
    return {spec.address: spec for spec in found}

"""The spec that describes existing machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup, ImageId, ImageReference, LaunchSettings, Origin
from extenci.model.errors import PlanError
from extenci.model.launch import Launch
from extenci.model.observed import Image, Machine, MachineState
from extenci.model.text import listed
from extenci.plan.imported.refusals import NOTHING_DONE, own_tags
from extenci.plan.service_index import is_planned

T = TypeVar("T")
DEFAULT_GROUP = "default"
"""The security group that machines get where none is asked for."""


def require_alike(machines: Sequence[Machine], address: Address) -> None:
    """PlanError where machines are not there any more, do not run, or are not interchangeable."""
    for one in machines:
        if one.state is not MachineState.RUNNING:
            raise PlanError(
                f"The machine {one.id} on {address.service} is {one.state}, not running.",
                f"{NOTHING_DONE} Import it once it runs, or leave it out.",
            )
    facts: dict[str, Callable[[Machine], object]] = {
        "image": lambda one: one.image,
        "type": lambda one: one.type,
        "key_name": lambda one: one.key_name,
        "instance_profile": lambda one: one.instance_profile,
        "security_groups": lambda one: one.groups,
        "launch": lambda one: one.launched_by,
    }
    differing = [name for name, fact in facts.items() if len({fact(one) for one in machines}) > 1]
    if differing:
        raise PlanError(
            f"Machines of one group are interchangeable, and these differ in {listed(differing)}: "
            f"{listed([one.id for one in machines])}.",
            f"{NOTHING_DONE} Import them at several addresses.",
        )


def describe_group(
    machines: Sequence[Machine], address: Address, image: Image | None, stack: str
) -> DesiredGroup:
    """The spec that machines, which must be alike, are a group of. `image` is the account's one that they
    were launched from, None where that is somebody else's. User data, root volume and the price of a spot
    machine are not reported, and left out."""
    first = machines[0]
    return DesiredGroup(
        address=address,
        origin=Origin("", 0, 0),
        image=image_reference(first, address, image, stack),
        count=len(machines),
        settings=LaunchSettings(
            type=first.type,
            key_name=first.key_name,
            security_groups=groups_of(first),
            subnet=common(one.subnet for one in machines),
            availability_zone=None if first.subnet else common(one.availability_zone for one in machines),
            instance_profile=(first.instance_profile or "").rpartition("/")[2] or None,
        ),
        launch=first.launched_by or own_launch(),
        protect=any(one.marks is not None and one.marks.protect for one in machines),
        tags=common_tags(machines),
    )


def own_launch() -> Launch:
    """The engine of machines that no queue holds."""
    return next(one for one in Launch if not one.has_queue)


def image_reference(machine: Machine, address: Address, image: Image | None, stack: str) -> ImageReference:
    """The image of a machine as a spec names it: by its address where it is one of the stack's."""
    marks = image.marks if image else None
    if is_planned(marks, stack, address.service):
        return marks.address
    return ImageId(machine.image)


def groups_of(machine: Machine) -> tuple[str, ...]:
    """The security groups of a machine: by their ids, which every launch takes, where it has any; none where
    it has the default one alone."""
    ids = {one for one in machine.groups if one.startswith("sg-")}
    if machine.groups - ids == {DEFAULT_GROUP}:
        return ()
    return tuple(sorted(ids or machine.groups))


def common(values: Iterable[T | None]) -> T | None:
    """The value that all machines have, None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def common_tags(machines: Sequence[Machine]) -> dict[str, str]:
    """The tags that all machines have."""
    several = [own_tags(one).items() for one in machines]
    return dict(sorted(set(several[0]).intersection(*several[1:])))

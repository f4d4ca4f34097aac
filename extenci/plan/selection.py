"""The selection of a plan: whether all that it names exists, and whether it can be planned; and what goes
with what is excluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import PlanError, UsageError
from extenci.model.observed import Image, Machine, Observation, Snapshot
from extenci.model.ownership import Role
from extenci.model.record import Records
from extenci.model.text import closest, counted, listed
from extenci.plan.inputs import recorded_role
from extenci.plan.service_index import is_planned


def require_matches(desired: Desired, observation: Observation, records: Records) -> None:
    """UsageError where a target or an excluded address is neither in the specs nor, by the records and the
    services, owned or applied earlier. Of a service that could not be read nobody can tell."""
    known = {
        *desired_addresses(desired),
        *owned_addresses(desired.stack, observation, records),
        *records.applied,
    }
    unread = {one.service for one in observation.unread}
    for address in sorted(desired.selection.named - known):
        if address.service not in unread:
            is_target = address not in desired.selection.excluded
            raise no_match(address, "target" if is_target else "excluded address", known)


def require_desired(desired: Desired) -> None:
    """UsageError where the selection names what is not in the specs, for jobs that are about images in
    them."""
    images = [spec.address for spec in desired.images]
    for address in sorted(desired.selection.named.difference(desired_addresses(desired))):
        raise no_match(address, "address", images, where="no image of the specs has that name")


def desired_addresses(desired: Desired) -> Iterator[Address]:
    """The addresses that the specs name."""
    yield from (spec.address for spec in desired.images)
    yield from (spec.address for spec in desired.instances)


def no_match(
    address: Address,
    what: str,
    known: Iterable[Address],
    *,
    where: str = "it is neither in the specs, nor does the stack own anything of that name",
) -> UsageError:
    """The error for an address that nothing has, with the one that may have been meant."""
    names = [str(one) for one in sorted(known)]
    meant = closest(str(address), names)
    guess = f" Did you mean {meant}?" if meant else ""
    hint = f"There is {listed(names, most=8)}." if names else ""
    return UsageError(f"The {what} {address} matches nothing: {where}.{guess}", hint)


def keep_needed(desired: Desired) -> tuple[Desired, tuple[str, ...]]:
    """What is desired, for a plan that destroys: images that excluded groups are launched from are excluded,
    too. Returns a sentence about each of them."""
    selection = desired.selection
    users: dict[Address, list[Address]] = {}
    for group in desired.instances:
        if (
            group.address in selection.excluded
            and isinstance(group.image, Address)
            and selection.covers(group.image)
        ):
            users.setdefault(group.image, []).append(group.address)
    if not users:
        return desired, ()
    told = tuple(
        f"{image} is left out, too: {listed(sorted(groups))} {'is' if len(groups) == 1 else 'are'} excluded, "
        "and launched from it."
        for image, groups in sorted(users.items())
    )
    return replace(desired, selection=selection.without(users)), told


def check_services(desired: Desired, observation: Observation, records: Records) -> None:
    """Refuse to plan where a service of the stack is missing from the specs, or was not observed
    (PlanError)."""
    for name in desired.touched_services:
        if name not in observation.services and name not in {one.service for one in observation.unread}:
            raise PlanError(f"The state of {name} was not read, so nothing can be planned for it.")
    lost = Counter(
        address.service
        for address in owned_addresses(desired.stack, observation, records)
        if address.service not in desired.services and desired.selection.covers(address)
    )
    for name, number in sorted(lost.items()):
        raise PlanError(
            f"No spec names the service {name} any more, but it still has {counted(number, 'resource')} of "
            "this stack: images, snapshots or machines. A plan without the service would not show them.",
            f"Put {name} back into a spec, run `extenci destroy --service {name}`, then take it out again. "
            "To plan the other services meanwhile, name them with --service.",
        )


def owned_addresses(stack: str, observation: Observation, records: Records) -> Iterator[Address]:
    """The address of each resource that the stack's plans look after, by the records or by its marks."""
    recorded = {(record.service, record.id): record for record in records.resources}
    yield from (record.address for record in recorded.values() if recorded_role(record) is Role.POOL)
    for state in observation.services.values():
        machines = (machine for machine in state.machines if not machine.state.is_gone)
        things: tuple[Image | Snapshot | Machine, ...] = (*state.images, *state.snapshots, *machines)
        for thing in things:
            marks = thing.marks
            is_known = marks is not None and (marks.service, thing.id) in recorded
            if is_planned(marks, stack) and not is_known:
                yield marks.address

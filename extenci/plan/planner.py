"""The plan of a stack: the plans of its services, put together in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, Snapshot
from extenci.model.ownership import Role
from extenci.model.plan import Change, Drift, Plan
from extenci.model.record import Records
from extenci.model.text import counted
from extenci.model.version import Disk
from extenci.model.work import ReplaceWork, TerminateWork, UnstageWork
from extenci.plan.drift import find_drift
from extenci.plan.images.images import ImagePlan, plan_images
from extenci.plan.images.obsolete_test_vms import end_obsolete_test_vms
from extenci.plan.images.retire import ImageRemoval, find_endings, retire_images
from extenci.plan.images.unstage import remove_leftovers, unstage_images
from extenci.plan.inputs import PlanInputs, gather_inputs, recorded_role
from extenci.plan.instances.changes import change_group
from extenci.plan.instances.groups import judge_groups
from extenci.plan.instances.queue import watch_queue
from extenci.plan.instances.removal import remove_groups
from extenci.plan.limits import find_headroom, find_refusals
from extenci.plan.order import order_changes
from extenci.plan.part import PlanPart, join
from extenci.plan.renamed import warn_of_other_stacks
from extenci.plan.service_index import ServiceIndex, is_planned
from extenci.plan.tagging import retag_service
from extenci.plan.taken import warn_of_taken


def make_plan(
    desired: Desired,
    disks: Mapping[Address, Disk],
    observation: Observation,
    records: Records,
    *,
    now: float,
    destroy: bool = False,
    verify_hashes: Mapping[Address, str] | None = None,
    again: frozenset[Address] = frozenset(),
) -> Plan:
    """The changes that would make the observed state the desired one; the same for the same inputs.

    `disks` has what was read of each image's source, and lacks those whose file is missing. `now` is in
    seconds since the epoch, and only serves to judge ages. With `destroy`, nothing that is selected is
    desired. `verify_hashes` and `again` are as in PlanInputs. Raises PlanError where the specs no longer name
    a service of the stack, or where one was not observed.
    """
    check_services(desired, observation, records)
    inputs = gather_inputs(
        desired,
        observation,
        records,
        disks=disks,
        now=now,
        destroy=destroy,
        verify_hashes=verify_hashes,
        again=again,
    )
    services = [plan_service(inputs, index) for index in inputs.indexes.values()]
    whole = join(service.part for service in services)
    return Plan(
        stack=desired.stack,
        services=tuple(inputs.indexes),
        changes=order_changes(whole.changes),
        drift=tuple(drift for service in services for drift in service.drift),
        blocked=tuple(
            sorted(set(whole.blocked), key=lambda one: (one.address, one.kind, one.action, one.reason))
        ),
        warnings=(
            *(text for index in inputs.indexes.values() for text in warn_of_other_stacks(inputs, index)),
            *(text for index in inputs.indexes.values() for text in warn_of_taken(inputs, index)),
            *whole.warnings,
        ),
        refusals=tuple(refusal for service in services for refusal in service.refusals),
        destroy=destroy,
        unread=observation.unread,
    )


@dataclass(frozen=True)
class ServicePlan:
    """The part of a plan that is about one service."""

    part: PlanPart
    drift: tuple[Drift, ...]
    refusals: tuple[str, ...]


def plan_service(inputs: PlanInputs, index: ServiceIndex) -> ServicePlan:
    """Plan one service."""
    image_plan = plan_images(inputs, index)
    groups = judge_groups(inputs, index, image_plan.sources)
    headroom = find_headroom(inputs, index, groups)
    machines = join(
        (*(change_group(inputs, group, headroom) for group in groups), remove_groups(inputs, index))
    )
    left = end_obsolete_test_vms(inputs, index)
    removed = remove_images(inputs, index, image_plan, find_endings(join((left, machines))))
    tags = retag_service(
        inputs, index, image_plan.sources, find_removed((*machines.changes, *removed.changes))
    )
    part = join((image_plan.part, left, machines, removed, tags, watch_queue(inputs, index, groups)))
    return ServicePlan(part, find_drift(inputs, index, groups), find_refusals(inputs, index, part.changes))


def remove_images(
    inputs: PlanInputs, index: ServiceIndex, image_plan: ImagePlan, ended_by: Mapping[str, str]
) -> PlanPart:
    """Unstage images that nothing asks for or that stand in the way, and delete snapshots left behind."""
    retirement = retire_images(inputs, index, image_plan.sources, ended_by, image_plan.kept_back)
    cleared = [
        ImageRemoval(image, image.marks.address, "registration failed", first=True)
        for image in image_plan.cleared
        if image.marks
    ]
    removals = (*cleared, *retirement.removals)
    return join(
        (
            retirement.part,
            unstage_images(inputs, index, removals, image_plan.sources),
            remove_leftovers(inputs, index, image_plan.sources),
        )
    )


def find_removed(changes: Iterable[Change]) -> frozenset[str]:
    """The images and snapshots that changes remove, by id, and the machines that they end, by handle."""
    removed: set[str] = set()
    for change in changes:
        match change.work:
            case TerminateWork(machines=machines) | ReplaceWork(machines=machines):
                removed.update(map(str, machines))
            case UnstageWork(image=image, snapshots=snapshots):
                removed.update(snapshots, [image] if image else [])
    return frozenset(removed)


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

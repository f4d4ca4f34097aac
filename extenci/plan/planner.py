"""The plan of a stack: the plans of its services, put together in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.observed import Observation
from extenci.model.plan import Change, Drift, Plan
from extenci.model.record import Records
from extenci.model.version import Disk
from extenci.model.work import ReplaceWork, TerminateWork, UnstageWork
from extenci.plan.drift import find_drift
from extenci.plan.images.images import ImagePlan, plan_images
from extenci.plan.images.obsolete_test_vms import end_obsolete_test_vms
from extenci.plan.images.retire import ImageRemoval, find_endings, retire_images
from extenci.plan.images.unstage import remove_leftovers, unstage_images
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.instances.changes import change_group
from extenci.plan.instances.groups import judge_groups
from extenci.plan.instances.queue import watch_queue
from extenci.plan.instances.removal import remove_groups
from extenci.plan.limits import find_headroom, find_refusals
from extenci.plan.order import order_changes
from extenci.plan.owners.renamed import warn_of_other_stacks
from extenci.plan.owners.strangers import warn_of_strangers
from extenci.plan.owners.taken import warn_of_taken
from extenci.plan.part import PlanPart, join
from extenci.plan.selection import check_services, keep_needed
from extenci.plan.service_index import ServiceIndex
from extenci.plan.tagging import retag_service


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
    before = desired.selection.excluded
    desired, kept = keep_needed(desired) if destroy else (desired, ())
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
            *kept,
            *whole.warnings,
        ),
        refusals=tuple(refusal for service in services for refusal in service.refusals),
        destroy=destroy,
        unread=observation.unread,
        awaited=order_changes(whole.awaited),
        partial=bool(desired.selection.named),
        left_out=tuple(
            sorted(
                {
                    *(desired.selection.excluded - before),
                    *(address for service in services for address in service.left_out),
                }
            )
        ),
    )


@dataclass(frozen=True)
class ServicePlan:
    """The part of a plan that is about one service."""

    part: PlanPart
    drift: tuple[Drift, ...]
    refusals: tuple[str, ...]
    left_out: tuple[Address, ...]


def plan_service(inputs: PlanInputs, index: ServiceIndex) -> ServicePlan:
    """Plan one service."""
    image_plan = plan_images(inputs, index)
    left_out = tuple(
        group.address
        for group in inputs.groups_on(index.service.name)
        if group.image in image_plan.left_out and inputs.covers(group.address)
    )
    inputs = inputs.without(left_out)
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
    part = replace(part, warnings=(*part.warnings, *warn_of_strangers(inputs, index, part.changes)))
    return ServicePlan(
        part, find_drift(inputs, index, groups), find_refusals(inputs, index, part.changes), left_out
    )


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

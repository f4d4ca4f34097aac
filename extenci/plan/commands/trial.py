"""The plan of `extenci test-vm`: an image that no plan looks after, staged, tried, and kept if it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot, SnapshotState
from extenci.model.ownership import ROLE, Role
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.version import Disk
from extenci.model.work import RegisterWork, StageWork
from extenci.plan.commands.verify import verifications_only
from extenci.plan.planner import make_plan

Thing = TypeVar("Thing", Image, Snapshot, Machine)


def plan_test_vm(
    desired: Desired,
    disks: Mapping[Address, Disk],
    observation: Observation,
    records: Records,
    now: float,
    verify_hashes: Mapping[Address, str],
) -> Plan:
    """Stage what is desired, by hand, and try it. It is the plan that there would be if what is marked
    `manual` were looked after, and what plans look after were somebody else's.

    PlanError where a plan has staged the same image already: a no must not take it away.
    """
    addresses = frozenset(spec.address for spec in desired.images)
    seen = Observation(
        {name: swap_roles(state, desired.stack, records) for name, state in observation.services.items()}
    )
    known = replace(records, resources=(), applied={})
    whole = make_plan(desired, disks, seen, known, now=now, verify_hashes=verify_hashes, again=addresses)
    made = verifications_only(whole, addresses)
    if made.blocked:
        refuse_planned(desired, disks, observation)
    return replace(made, changes=tuple(map(by_hand, made.changes)))


def refuse_planned(desired: Desired, disks: Mapping[Address, Disk], observation: Observation) -> None:
    """PlanError where a plan of the stack looks after an image of the same content and name."""
    for spec in desired.images:
        digest = disks[spec.address].digest if spec.address in disks else None
        for image in observation.services[spec.address.service].images:
            marks = image.marks
            if (
                marks
                and is_planned(image, desired.stack)
                and (marks.address, marks.digest) == (spec.address, digest)
            ):
                raise PlanError(
                    f"The specs of stack {desired.stack} have staged this very image already: {image.id}, "
                    f"{marks.address}. What plans look after is not tried by hand.",
                    f"Say `extenci verify {marks.address} --type TYPE` where the specs are, or give the file "
                    "another name.",
                )


def swap_roles(state: ServiceState, stack: str, records: Records) -> ServiceState:
    """A service with the roles `manual` and `pool` swapped. Snapshots of planned images stay, since content
    need not be uploaded twice; of test VMs only those that an earlier run of this kind left."""
    by_hand = {one.id for one in state.images if one.marks and one.marks.role is Role.MANUAL}
    shared = {name for image in state.images for name in image.snapshots}
    return replace(
        state,
        images=tuple(map(swapped, state.images)),
        snapshots=tuple(
            one
            if one.id in shared and one.state is SnapshotState.COMPLETED and is_planned(one, stack)
            else swapped(one)
            for one in state.snapshots
        ),
        machines=tuple(one for one in state.machines if is_left(one, by_hand, records)),
    )


def swapped(thing: Thing) -> Thing:
    """A thing in the other role."""
    marks = thing.marks
    if marks is None or marks.role not in OTHER:
        return thing
    return replace(thing, marks=replace(marks, role=OTHER[marks.role]))


OTHER = {Role.MANUAL: Role.POOL, Role.POOL: Role.MANUAL}


def is_planned(thing: Image | Snapshot, stack: str) -> bool:
    """Whether plans of a stack look after a thing."""
    return thing.marks is not None and (thing.marks.stack, thing.marks.role) == (stack, Role.POOL)


def is_left(machine: Machine, by_hand: set[str], records: Records) -> bool:
    """Whether a machine is a test VM of an image that was staged by hand, and its run is over."""
    marks = machine.marks
    is_test = marks is not None and marks.role is Role.TEST and machine.image in by_hand
    return is_test and marks is not None and marks.plan in records.finished_runs


def by_hand(change: Change) -> Change:
    """A change whose image no plan will touch."""
    work = change.work
    if not isinstance(work, StageWork | RegisterWork):
        return change
    return replace(change, work=replace(work, tags={**work.tags, ROLE: str(Role.MANUAL)}))

"""Manual staging: images that no plan of the specs looks after (role `manual`), planned as if one did.

The roles `manual` and `pool` are swapped in what was observed. The plan that comes out is the one that there
would be if plans looked after what was staged manually, and somebody else after what the specs ask for.
"""

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
from extenci.plan.service_index import is_planned

Thing = TypeVar("Thing", Image, Snapshot, Machine)

OTHER = {Role.MANUAL: Role.POOL, Role.POOL: Role.MANUAL}


def swap_roles(observation: Observation, stack: str, records: Records) -> Observation:
    """The observed state with the roles `manual` and `pool` swapped."""
    services = observation.services.items()
    return Observation({name: swap_on_service(state, stack, records) for name, state in services})


def swap_on_service(state: ServiceState, stack: str, records: Records) -> ServiceState:
    """One service with the roles swapped. Snapshots of planned images keep theirs, so that no content is
    uploaded twice. Of the machines, only test VMs that a manual run left behind are there."""
    manual = {image.id for image in state.images if image.marks and image.marks.role is Role.MANUAL}
    used = {name for image in state.images for name in image.snapshots}
    return replace(
        state,
        images=tuple(map(swap_role, state.images)),
        snapshots=tuple(
            one if one.id in used and is_whole_and_planned(one, stack) else swap_role(one)
            for one in state.snapshots
        ),
        machines=tuple(one for one in state.machines if is_left_behind(one, manual, records)),
    )


def swap_role(thing: Thing) -> Thing:
    """A thing in the other role."""
    marks = thing.marks
    if marks is None or marks.role not in OTHER:
        return thing
    return replace(thing, marks=replace(marks, role=OTHER[marks.role]))


def is_whole_and_planned(snapshot: Snapshot, stack: str) -> bool:
    """Whether a snapshot is complete and plans of the stack look after it."""
    return snapshot.state is SnapshotState.COMPLETED and is_planned(snapshot.marks, stack)


def is_left_behind(machine: Machine, manual: set[str], records: Records) -> bool:
    """Whether a machine is a test VM of a manually staged image (`manual`: their ids), whose run is over."""
    marks = machine.marks
    if marks is None or marks.role is not Role.TEST:
        return False
    return machine.image in manual and marks.plan in records.finished_runs


def without_resources(records: Records) -> Records:
    """Records that know nothing of what plans look after."""
    return replace(records, resources=(), applied={})


def manual_plan(
    plan: Plan, desired: Desired, disks: Mapping[Address, Disk], observation: Observation
) -> Plan:
    """A plan of swapped roles, as it is to be carried out: its images are marked `manual`.

    PlanError where it is blocked because the specs have staged the same content under the same name.
    """
    if plan.blocked:
        refuse_planned(desired, disks, observation)
    return replace(plan, changes=tuple(map(mark_manual, plan.changes)))


def mark_manual(change: Change) -> Change:
    """A change whose image no plan will touch."""
    work = change.work
    if not isinstance(work, StageWork | RegisterWork):
        return change
    return replace(change, work=replace(work, tags={**work.tags, ROLE: str(Role.MANUAL)}))


def refuse_planned(desired: Desired, disks: Mapping[Address, Disk], observation: Observation) -> None:
    """PlanError where plans of the stack look after an image of the same content and name."""
    for spec in desired.images:
        digest = disks[spec.address].digest if spec.address in disks else None
        for image in observation.services[spec.address.service].images:
            marks = image.marks
            if is_planned(marks, desired.stack) and (marks.address, marks.digest) == (spec.address, digest):
                raise PlanError(
                    f"The specs of the stack {desired.stack} have already staged this image: {image.id}, "
                    f"{spec.address}. It cannot be staged manually, too.",
                    f"Run `extenci verify {spec.address} --type TYPE` where the specs are, or give the file "
                    "another name.",
                )

"""What is worth saying about HTCondor's queue: limits that bite silently, and machines that may be lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from extenci.model.observed import Machine
from extenci.model.text import counted, listed
from extenci.plan.condor.holds import MACHINE_MAY_BE_LOST
from extenci.plan.condor.queue_limits import as_warnings, judge_queue
from extenci.plan.inputs import PlanInputs, ServiceIndex, is_planned
from extenci.plan.instances.groups import Group
from extenci.plan.instances.health import SETTLING
from extenci.plan.part import PlanPart


def watch_queue(inputs: PlanInputs, index: ServiceIndex, groups: Iterable[Group]) -> PlanPart:
    """Warnings about the jobs of one service."""
    return PlanPart(
        warnings=(
            *warn_of_limits(index, groups),
            *warn_of_outage(inputs, index),
            *warn_of_lost_machines(inputs, index),
            *warn_of_lingering_jobs(inputs, index),
        )
    )


def warn_of_limits(index: ServiceIndex, groups: Iterable[Group]) -> tuple[str, ...]:
    """What will stop jobs that this plan submits, or keep those that are there waiting."""
    mine = [group for group in groups if group.spec.launch.has_queue]
    wanted = sum(group.spec.count for group in mine)
    unsettled = any(group.missing or group.renewed or not_started(group) for group in mine)
    if index.queue is None or not unsettled:
        return ()
    return as_warnings(judge_queue(index.service, index.queue, wanted))


def not_started(group: Group) -> bool:
    """Whether a group has jobs that are still to start their machines."""
    return any(not member.machine.exists for member in group.members)


def warn_of_outage(inputs: PlanInputs, index: ServiceIndex) -> Iterator[str]:
    """Jobs that wait since HTCondor cannot use the service: that is no hold, and nothing else tells."""
    waiting = [
        machine.job.id
        for machine in owned(inputs, index)
        if machine.job and machine.job.unavailable_since and not machine.job.state.is_over
    ]
    if waiting:
        yield (
            f"HTCondor cannot use {index.service.name}, so {counted(len(waiting), 'job')} "
            f"({listed(sorted(waiting))}) cannot start or end machines: a key file is missing or unreadable "
            "for the jobs' owner, or the service does not answer."
        )


def warn_of_lost_machines(inputs: PlanInputs, index: ServiceIndex) -> Iterator[str]:
    """Jobs whose machine HTCondor lost sight of. Such a machine costs money, and no job ends it."""
    for machine in owned(inputs, index):
        job = machine.job
        if job is not None and job.hold_code == MACHINE_MAY_BE_LOST:
            yield (
                f"THE MACHINE OF JOB {job.id} ({address_of(machine)}) MAY BE LOST AND RUNNING: HTCondor "
                f"holds the job with code {MACHINE_MAY_BE_LOST} and will not end it. Look for it in the "
                f"console of {index.service.name}" + (f": {job.machine}." if job.machine else ".")
            )


def warn_of_lingering_jobs(inputs: PlanInputs, index: ServiceIndex) -> Iterator[str]:
    """Jobs that were removed and do not go: HTCondor keeps them until the service confirms the end."""
    old = [
        machine.job.id
        for machine in owned(inputs, index)
        if machine.job and machine.job.state.is_over and inputs.now - machine.job.entered >= SETTLING
    ]
    if old:
        were = "was" if len(old) == 1 else "were"
        yield (
            f"{counted(len(old), 'job')} of {index.service.name} ({listed(sorted(old))}) {were} removed and "
            "not gone: HTCondor keeps trying to reach the service. See the gridmanager's log."
        )


def owned(inputs: PlanInputs, index: ServiceIndex) -> Iterator[Machine]:
    """The machines that plans look after, whose jobs are over too."""
    for machine in (*index.machines.values(), *index.gone.values()):
        marks = machine.marks
        if (
            is_planned(marks, inputs.desired.stack, index.service.name)
            and marks
            and inputs.covers(marks.address)
        ):
            yield machine


def address_of(machine: Machine) -> str:
    """The address that a machine belongs to."""
    return str(machine.marks.address) if machine.marks else machine.id

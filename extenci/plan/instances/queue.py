"""Warnings about the queue that launches a service's machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from extenci.model.action import Action
from extenci.model.address import Kind
from extenci.model.observed import JobState, Machine
from extenci.model.plan import Blocked
from extenci.model.text import counted
from extenci.plan.condor.queue import (
    is_crowded,
    warn_of_lingering_jobs,
    warn_of_lost_machines,
    warn_of_outage,
)
from extenci.plan.condor.queue_limits import as_warnings, judge_queue
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.groups import Group
from extenci.plan.instances.health import SETTLING, spell_seconds
from extenci.plan.part import PlanPart
from extenci.plan.service_index import ServiceIndex, is_planned


def watch_queue(inputs: PlanInputs, index: ServiceIndex, groups: Iterable[Group]) -> PlanPart:
    """Warnings about the jobs of one service."""
    service = index.service.name
    machines = tuple(covered_machines(inputs, index))
    jobs = tuple(machine.job for machine in machines if machine.job)
    return PlanPart(
        blocked=tuple(overdue_launches(inputs, index, groups)),
        warnings=(
            *warn_of_limits(index, groups),
            *warn_of_outage(service, jobs),
            *warn_of_lost_machines(service, machines),
            *warn_of_lingering_jobs(service, jobs, inputs.now - SETTLING),
        ),
    )


def overdue_launches(inputs: PlanInputs, index: ServiceIndex, groups: Iterable[Group]) -> Iterator[Blocked]:
    """Groups whose jobs wait for longer than their machines may take to start, because HTCondor gives the
    service no more jobs at a time. Other jobs would wait as well, so none are submitted in their place."""
    if not is_crowded(index.queue, index.jobs) or index.queue is None:
        return
    for group in groups:
        limit = group.spec.launch_timeout
        waiting = [
            job
            for job in (member.machine.job for member in group.members if not member.machine.exists)
            if job is not None
            and job.state is JobState.IDLE
            and not job.client_token
            and inputs.now - max(job.entered, job.queued) > limit
        ]
        if waiting:
            running = sum(member.machine.exists for member in group.members)
            verb = "has" if len(waiting) == 1 else "have"
            yield Blocked(
                group.spec.address,
                Kind.INSTANCES,
                Action.LAUNCH,
                f"It has {running} of {counted(group.spec.count, 'machine')}: "
                f"{counted(len(waiting), 'job')} {verb} waited in the queue for more "
                f"than {spell_seconds(limit)}: HTCondor gives {index.service.name} at most "
                f"{index.queue.most_submitted} jobs at a time. Raise "
                "GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2 in the schedd's configuration, or lower the "
                "count.",
            )


def warn_of_limits(index: ServiceIndex, groups: Iterable[Group]) -> tuple[str, ...]:
    """Warnings of limits that will stop the jobs of this plan, or keep those that are there waiting."""
    queued = [group for group in groups if group.spec.launch.has_queue]
    wanted = sum(group.spec.count for group in queued)
    unsettled = any(group.missing or group.renewed or has_waiting_jobs(group) for group in queued)
    if index.queue is None or not unsettled:
        return ()
    return as_warnings(judge_queue(index.service, index.queue, wanted))


def has_waiting_jobs(group: Group) -> bool:
    """Whether a group has jobs that are still to start their machines."""
    return any(not member.machine.exists for member in group.members)


def covered_machines(inputs: PlanInputs, index: ServiceIndex) -> Iterator[Machine]:
    """The selected machines that plans look after, gone ones included, since their jobs can outlive them."""
    for machine in (*index.machines.values(), *index.gone.values()):
        marks = machine.marks
        if is_planned(marks, inputs.desired.stack, index.service.name) and inputs.covers(marks.address):
            yield machine

"""Joining jobs and machines, which are read one after the other, to one list of machines. Pure.

Between two readings a job may get its machine, and a machine may end. A machine whose job changed between
them is marked as settling, so that nobody takes it for lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from extenci.model.observed import Job, Machine, MachineState, job_handle
from extenci.model.ownership import Marks

ENDED = MachineState.SHUTTING_DOWN
"""The state of a machine in the making whose job has ended."""


def unexplained(machines: Iterable[Machine], jobs: Iterable[Job]) -> bool:
    """Whether jobs and machines do not match, so that the queue has to be read once more: a machine without
    a job, or a job whose machine is not there."""
    there = {machine.id for machine in machines if not machine.state.is_gone}
    held = {job.machine for job in jobs if job.machine}
    return bool(there ^ held)


def join(
    machines: Iterable[Machine], before: Iterable[Job], after: Iterable[Job] | None = None
) -> tuple[Machine, ...]:
    """Machines with their jobs, and jobs without machines as machines in the making.

    `before` and `after` are the jobs of two readings of the queue around that of the machines; None: the
    first one explained everything. A job names its machine only after HTCondor was told its id; until then
    the client token, written into the job before the launch, shows whose the machine is.
    """
    first = {job.id: job for job in before}
    last = first if after is None else {job.id: job for job in after}
    unsteady = {id_ for id_ in first.keys() | last.keys() if moved(first.get(id_), last.get(id_))}
    jobs = {**first, **last}
    holders = latest_holders(jobs.values())
    launched = {job.client_token: job for job in jobs.values() if job.client_token and not job.machine}
    joined = [
        with_job(machine, holders.get(machine.id) or launched.get(machine.token), last, unsteady)
        for machine in machines
    ]
    whole = {machine.id for machine in joined if not machine.state.is_gone}
    found = {machine.job.id for machine in joined if machine.job}
    waiting = (job for job in last.values() if job.machine not in whole and job.id not in found)
    return (*joined, *(in_the_making(job, job.id in unsteady) for job in waiting))


def note_other_schedds(machines: Iterable[Machine], own: str) -> tuple[Machine, ...]:
    """Machines, with the schedd that has the job of each, where that is not the `own` one, by its name."""
    return tuple(
        replace(machine, other_schedd=machine.marks.schedd)
        if machine.job is None and machine.marks and machine.marks.schedd and machine.marks.schedd != own
        else machine
        for machine in machines
    )


def moved(before: Job | None, after: Job | None) -> bool:
    """Whether a job came, went, or changed its state or machine between two readings."""
    if before is None or after is None:
        return True
    return (before.state, before.machine) != (after.state, after.machine)


def latest_holders(jobs: Iterable[Job]) -> Mapping[str, Job]:
    """Jobs by their machines; of several, the one that changed its state last."""
    ordered = sorted(jobs, key=lambda job: (job.entered, job.id))
    return {job.machine: job for job in ordered if job.machine}


def with_job(machine: Machine, job: Job | None, last: Mapping[str, Job], unsteady: set[str]) -> Machine:
    """A machine with the job that holds it. A machine that is gone has none, nor has one whose job left
    between the readings: that one is settling."""
    if job is None:
        return machine
    is_held = job.id in last and not machine.state.is_gone
    return replace(
        machine,
        job=job if is_held else None,
        settling=job.id in unsteady,
        marks=machine.marks or job.marks,
    )


def in_the_making(job: Job, settling: bool) -> Machine:
    """A job without a machine, or whose machine is gone, as a machine in the making."""
    marks: Marks | None = job.marks
    return Machine(
        id=job_handle(job.id),
        state=ENDED if job.state.is_over else MachineState.PENDING,
        image=job.image,
        type=job.type,
        launched=job.queued,
        token=job.client_token,
        marks=marks,
        job=job,
        settling=settling,
    )

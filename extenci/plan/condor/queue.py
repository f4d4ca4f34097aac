"""Warnings about HTCondor's queue of a service: it is full, cut off, or lost a machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from extenci.model.observed import Job, JobState, Machine, QueueFacts
from extenci.model.text import counted, listed
from extenci.plan.condor.holds import MACHINE_MAY_BE_LOST


def is_crowded(facts: QueueFacts | None, jobs: Iterable[Job]) -> bool:
    """Whether HTCondor has given the service as many jobs as it may have at a time."""
    if facts is None or facts.most_submitted is None:
        return False
    submitted = sum(job.state is not JobState.HELD and bool(job.client_token) for job in jobs)
    return submitted >= facts.most_submitted


def warn_of_outage(service: str, jobs: Iterable[Job]) -> Iterator[str]:
    """Jobs that wait because HTCondor cannot use the service. They are not held, so nothing else shows it."""
    waiting = sorted(job.id for job in jobs if job.unavailable_since and not job.state.is_over)
    if waiting:
        yield (
            f"HTCondor cannot use {service}, so {counted(len(waiting), 'job')} ({listed(waiting)}) cannot "
            "start or end machines: the jobs' owner cannot read a key file, or the service does not answer."
        )


def warn_of_lost_machines(service: str, machines: Iterable[Machine]) -> Iterator[str]:
    """Jobs whose machine HTCondor lost sight of. Such a machine costs money, and no job ends it."""
    for machine in machines:
        job = machine.job
        if job is not None and job.hold_code == MACHINE_MAY_BE_LOST:
            owner = machine.marks.address if machine.marks else machine.id
            machine_id = f": {job.machine}" if job.machine else ""
            yield (
                f"THE MACHINE OF JOB {job.id} ({owner}) MAY BE LOST AND RUNNING: HTCondor holds the job with "
                f"code {MACHINE_MAY_BE_LOST} and will not end the machine. Look for it in the console of "
                f"{service}{machine_id}."
            )


def warn_of_lingering_jobs(service: str, jobs: Iterable[Job], removed_by: float) -> Iterator[str]:
    """Jobs that were removed by a time (seconds since the epoch) and are still there: HTCondor keeps them
    until the service confirms that their machines ended."""
    old = sorted(job.id for job in jobs if job.state.is_over and job.entered <= removed_by)
    if old:
        verb = "was removed but is" if len(old) == 1 else "were removed but are"
        yield (
            f"{counted(len(old), 'job')} of {service} ({listed(old)}) {verb} still in the queue: HTCondor "
            "keeps trying to reach the service. See the gridmanager's log."
        )

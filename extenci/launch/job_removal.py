"""Ending machines through their jobs: the jobs are removed, and watched until their machines are gone."""

from __future__ import annotations

from collections.abc import Sequence, Set

from extenci.launch.context import LaunchContext
from extenci.launch.ec2 import terminate
from extenci.launch.readiness import SCHEDD_OUTAGE_SECONDS
from extenci.model.errors import Unreachable
from extenci.model.observed import Job, Machine, MachineState
from extenci.stage.waiting import wait_for

JOBS_GONE_SECONDS = 900.0
"""How long HTCondor may take to end a machine and drop its job: it polls its jobs once a minute."""
PATIENCE_SECONDS = 120.0
"""How long HTCondor has to end the machine of a removed job before EC2 is asked to: it may not be at work."""


def end_jobs(ids: Sequence[str], machines: Sequence[str], context: LaunchContext) -> tuple[str, ...]:
    """Remove jobs, and wait until they and their machines are gone; the machines' ids.

    `machines` are those that the jobs were seen to hold: whatever HTCondor does, they are ended. Where the
    schedd cannot be reached they are ended through EC2, and Unreachable is raised: the jobs are still there.
    """
    condor = context.clients.condor
    try:
        there = condor.jobs_by_id(ids)
        ended = tuple(sorted({*machines, *(job.machine for job in there if job.machine)}))
        context.changes.condor.remove([job.id for job in there], f"extenci: {context.reason}")
    except Unreachable:
        if machines:
            terminate(machines, context)
        raise
    _wait_until_ended(ids, ended, context)
    return ended


def _wait_until_ended(ids: Sequence[str], machines: Sequence[str], context: LaunchContext) -> None:
    clients, clock = context.clients, context.clock
    patient_until = clock() + PATIENCE_SECONDS
    helped: set[str] = set()

    def look() -> bool | None:
        is_late = clock() >= patient_until
        jobs = clients.condor.jobs_by_id(ids)
        left = _not_terminated({*machines, *(job.machine for job in jobs if job.machine)}, context)
        patient = {job.machine for job in jobs if not (is_late or job.hold_code)}
        running = {machine.id for machine in left if not machine.state.is_gone}
        if forgotten := running - patient - helped:
            terminate(sorted(forgotten), context)
            helped.update(forgotten)
        _drop_stuck([job for job in jobs if job.machine not in patient], left, context)
        return None if jobs or left else True

    what = f"{len(ids)} jobs of {context.address} and their machines were gone"
    wait_for(look, context, JOBS_GONE_SECONDS, what, outage_seconds=SCHEDD_OUTAGE_SECONDS)


def _drop_stuck(jobs: Sequence[Job], left: Sequence[Machine], context: LaunchContext) -> None:
    """Drop removed jobs that HTCondor keeps, once their machines are known to be gone."""
    there = {machine.id for machine in left}
    stuck = [job.id for job in jobs if job.state.is_over and job.machine and job.machine not in there]
    if stuck:
        context.changes.condor.remove(stuck, "extenci: its machine was ended", at_once=True)


def _not_terminated(ids: Set[str], context: LaunchContext) -> Sequence[Machine]:
    found = context.clients.ec2.machines_by_id(sorted(ids)) if ids else ()
    return [machine for machine in found if machine.state is not MachineState.TERMINATED]

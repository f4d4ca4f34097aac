"""Launching and ending machines through HTCondor: each is a job of its EC2 grid universe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from extenci.apply.context import ChangeContext
from extenci.apply.records import remember
from extenci.cloud.aws.parameters import LaunchRequest
from extenci.cloud.condor.submission import JobRequest, describe_jobs
from extenci.launch.ec2 import end_instances
from extenci.launch.order import Order, request_of, unused_token
from extenci.launch.readiness import judge, lost_error
from extenci.launch.user_data import write_user_data
from extenci.model.desired import DesiredGroup
from extenci.model.errors import Interrupted, ServiceError, Unreachable
from extenci.model.journal import written_down
from extenci.model.observed import Job, JobState, Machine, MachineState
from extenci.model.ownership import launch_mark
from extenci.model.record import SUBMIT, ResourceKind
from extenci.plan.condor.holds import advise_hold, explain_hold
from extenci.stage.tags import tag_after_birth
from extenci.stage.waiting import wait_for

GONE_SECONDS = 900.0
"""How long HTCondor may take to end a machine and let its job go: it looks at its jobs once a minute."""
PATIENCE_SECONDS = 120.0
"""After which a machine whose job was removed is ended through EC2: HTCondor may not be at work."""
OUTAGE_SECONDS = 60.0
"""For which a schedd that is restarted meanwhile may be silent."""


# Launching.


def launch_jobs(order: Order, context: ChangeContext) -> tuple[str, ...]:
    """Submit a job for each machine of an order and wait until the machines run; their ids.

    ServiceError where HTCondor holds a job, or one leaves the queue, or it takes longer than the group's
    launch_timeout.
    """
    if context.staging.stop.is_set():
        raise Interrupted("No machine was launched before the stop.")
    condor = context.staging.clients.condor
    token = unused_token(context, lambda token: bool(condor.jobs_by_token(token)))
    _submit(order, token, context)
    return _wait_until_running(order, token, context)


def _submit(order: Order, token: str, context: ChangeContext) -> None:
    tags, condor = context.tags(order.tags), context.staging.clients.condor
    request = request_of(order, order.count, token, context)
    if order.group.settings.root_volume is not None:
        request = replace(request, root_device=context.staging.clients.ec2.root_device(order.image))
    clients = context.staging.clients
    user_data = write_user_data(order.group, context.run_context.folder, clients)
    description = describe_jobs(job_request(order.group, request, tags, user_data), clients.service)
    shown = {"image": order.image, "count": order.count, "type": order.group.settings.type}
    with written_down(context.staging.calls, SUBMIT, token=token, request=shown, tags=tags) as settle:
        try:
            jobs = condor.submit(description, order.count)
        except ServiceError:
            jobs = tuple(job.id for job in condor.jobs_by_token(token))  # the answer alone may be lost
            if not jobs:
                raise
        settle({"jobs": list(jobs)})


def job_request(
    group: DesiredGroup, launch: LaunchRequest, marks: Mapping[str, str], user_data_file: str | None
) -> JobRequest:
    """A group's jobs, as HTCondor is asked for them."""
    return JobRequest(
        label=str(group.address),
        launch=launch,
        marks=marks,
        launch_mark=launch_mark(group),
        user_data_file=user_data_file,
    )


def _wait_until_running(order: Order, token: str, context: ChangeContext) -> tuple[str, ...]:
    clients, count = context.staging.clients, order.count
    known: set[str] = set()

    def look() -> tuple[str, ...] | None:
        jobs = clients.condor.jobs_by_token(token)
        ids = sorted(job.machine for job in jobs if job.machine)
        _take_in([id_ for id_ in ids if id_ not in known], order, context)
        known.update(ids)
        found = judge(clients.ec2.machines_by_id(ids)) if ids else judge(())
        context.advance(order.before + found.running, order.total or count)
        _check_jobs(jobs, count, context)
        if found.lost:
            raise lost_error(found.lost, context.change.address)
        return tuple(ids) if found.running == count else None

    what = f"{count} machines of {context.change.address} were running"
    return wait_for(look, context.staging, order.group.launch_timeout, what, outage_seconds=OUTAGE_SECONDS)


def _take_in(ids: Sequence[str], order: Order, context: ChangeContext) -> None:
    """Record machines as soon as their jobs have them, and tag them where that could not be done at birth."""
    tags = context.tags(order.tags)
    remember(context, ResourceKind.MACHINE, ids, tags)
    for id_ in ids:
        tag_after_birth(id_, tags, context.staging)


def _check_jobs(jobs: Sequence[Job], count: int, context: ChangeContext) -> None:
    """ServiceError where a job will not start its machine."""
    now = context.run_context.clock()
    held = [job for job in jobs if job.state is JobState.HELD]
    over = count - sum(not job.state.is_over for job in jobs)
    service = context.change.address.service
    if held:
        reasons = Counter(explain_hold(job) for job in held)
        said = "; ".join(f"{number} {reason}" for reason, number in reasons.most_common(3))
        raise ServiceError(
            f"HTCondor does not launch machines of {context.change.address}: {said}.",
            f"{advise_hold(held[0])} The jobs stay in the queue until the next apply replaces them.",
            service=service,
            call=SUBMIT,
        )
    if any(job.unavailable_since and now - job.unavailable_since > OUTAGE_SECONDS for job in jobs):
        raise ServiceError(
            f"HTCondor cannot use the service {service}: for {OUTAGE_SECONDS:.0f} seconds or more its jobs "
            f"of {context.change.address} have waited for it.",
            "Check on the schedd's machine that the key files which the service names are there and readable "
            "for the jobs' owner, and that the service answers. The jobs stay in the queue and start then.",
            service=service,
            call=SUBMIT,
        )
    if over:
        raise ServiceError(
            f"{over} of {count} jobs of {context.change.address} left the queue before their machines ran.",
            "Someone removed them, or HTCondor lost their machines: plan again to see what there is.",
            service=service,
            call=SUBMIT,
        )


# Ending.


def end_jobs(ids: Sequence[str], machines: Sequence[str], context: ChangeContext) -> tuple[str, ...]:
    """Remove jobs, and wait until they and their machines are gone; the machines' ids.

    `machines` are those that the jobs were seen to hold: whatever HTCondor does, they are ended. Where the
    schedd cannot be reached they are ended through EC2, and Unreachable is raised: the jobs are still there.
    """
    condor = context.staging.clients.condor
    try:
        there = condor.jobs_by_id(ids)
        ended = tuple(sorted({*machines, *(job.machine for job in there if job.machine)}))
        with written_down(context.staging.calls, "RemoveJobs", request={"jobs": list(ids)}) as settle:
            condor.remove([job.id for job in there], f"extenci: {context.change.reason}")
            settle({"jobs": [job.id for job in there]})
    except Unreachable:
        if machines:
            end_instances(machines, context)
        raise
    _wait_until_ended(ids, ended, context)
    return ended


def _wait_until_ended(ids: Sequence[str], machines: Sequence[str], context: ChangeContext) -> None:
    clients, clock = context.staging.clients, context.staging.clock
    patient_until = clock() + PATIENCE_SECONDS
    helped: set[str] = set()

    def look() -> bool | None:
        is_late = clock() >= patient_until
        jobs = clients.condor.jobs_by_id(ids)
        left = _not_terminated({*machines, *(job.machine for job in jobs if job.machine)}, context)
        patient = {job.machine for job in jobs if not (is_late or job.hold_code)}
        running = {machine.id for machine in left if not machine.state.is_gone}
        if forgotten := running - patient - helped:
            end_instances(sorted(forgotten), context)
            helped.update(forgotten)
        _drop_stuck([job for job in jobs if job.machine not in patient], left, context)
        return None if jobs or left else True

    what = f"{len(ids)} jobs of {context.change.address} and their machines were gone"
    wait_for(look, context.staging, GONE_SECONDS, what, outage_seconds=OUTAGE_SECONDS)


def _drop_stuck(jobs: Sequence[Job], left: Sequence[Machine], context: ChangeContext) -> None:
    """Drop removed jobs that HTCondor does not let go, once it is known that their machines are gone."""
    there = {machine.id for machine in left}
    stuck = [job.id for job in jobs if job.state.is_over and job.machine and job.machine not in there]
    if stuck:
        context.staging.clients.condor.remove(stuck, "extenci: its machine was ended", at_once=True)


def _not_terminated(ids: Set[str], context: ChangeContext) -> Sequence[Machine]:
    found = context.staging.clients.ec2.machines_by_id(sorted(ids)) if ids else ()
    return [machine for machine in found if machine.state is not MachineState.TERMINATED]

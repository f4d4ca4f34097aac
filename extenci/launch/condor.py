"""The engine `condor`: each machine is a job of HTCondor's EC2 grid universe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from extenci.cloud.clients import Clients
from extenci.cloud.condor.submission import describe_jobs
from extenci.launch.context import LaunchContext
from extenci.launch.engine import Engine
from extenci.launch.job_removal import end_jobs
from extenci.launch.job_request import describe_change, job_request
from extenci.launch.order import LaunchOrder, request_of, unused_token
from extenci.launch.readiness import SCHEDD_OUTAGE_SECONDS, judge, lost_error
from extenci.launch.user_data import write_user_data
from extenci.model.abilities import Ability
from extenci.model.errors import Interrupted, ServiceError
from extenci.model.observed import Job, JobState, MachineHandle, ServiceState
from extenci.model.ownership import Marks
from extenci.model.plan import Change
from extenci.model.record import SUBMIT, Intent
from extenci.model.service import Service, Tagging
from extenci.plan.condor.holds import advise_hold, explain_hold
from extenci.stage.tags import ensure_tags
from extenci.stage.waiting import wait_for


class CondorEngine(Engine):
    """Submits jobs, whose machines HTCondor launches, and removes them, which terminates the machines."""

    calls = frozenset((SUBMIT,))

    def launch(self, order: LaunchOrder, context: LaunchContext) -> tuple[str, ...]:
        """See `Engine.launch`. ServiceError where HTCondor holds a job, or one leaves the queue, or it takes
        longer than the group's launch_timeout."""
        if context.stop.is_set():
            raise Interrupted("No machine was launched before the stop.")
        condor = context.clients.condor
        token = unused_token(order, context, lambda token: bool(condor.jobs_by_token(token)))
        _submit(order, token, context)
        return _wait_until_running(order, token, context)

    def holds(self, handle: MachineHandle) -> bool:
        """See `Engine.holds`."""
        return handle.job is not None

    def end(self, handles: Sequence[MachineHandle], context: LaunchContext) -> tuple[str, ...]:
        """See `Engine.end` and `end_jobs`."""
        jobs = [one.job for one in handles if one.job is not None]
        return end_jobs(jobs, [one.machine for one in handles if one.machine is not None], context)

    def find(self, ids: Sequence[str], context: LaunchContext) -> tuple[MachineHandle, ...]:
        """See `Engine.find`."""
        jobs = context.clients.condor.jobs(context.stack) if ids else ()
        return tuple(MachineHandle(job.machine, job.id) for job in jobs if job.machine in ids)

    def cancel(self, is_own: Callable[[Marks | None], bool], context: LaunchContext) -> None:
        """See `Engine.cancel`."""
        jobs = [job for job in context.clients.condor.jobs(context.stack) if is_own(job.marks)]
        if jobs:
            end_jobs([job.id for job in jobs], [job.machine for job in jobs if job.machine], context)

    def recover(self, intent: Intent, state: ServiceState) -> dict[str, object] | None:
        """See `Engine.recover`."""
        jobs = [one.job.id for one in state.machines if one.job and one.job.token == intent.token]
        return {"jobs": jobs} if jobs else None

    def preview(self, change: Change, service: Service, folder: Path) -> str | None:
        """See `Engine.preview`: the submit description, as a file for condor_submit has it."""
        return describe_change(change, service, folder)

    def files_in_use(self, clients: Clients) -> frozenset[str]:
        """See `Engine.files_in_use`: the user data of jobs in the queue."""
        return clients.condor.user_data_files()


def _submit(order: LaunchOrder, token: str, context: LaunchContext) -> None:
    tags, clients = context.tags(order.tags), context.clients
    own = tags if clients.service.tags is Tagging.CREATE else {}  # HTCondor calls CreateTags for them
    request = replace(request_of(order, order.count, token, context), tags=own)
    if order.group.settings.root_volume is not None:
        request = replace(request, root_device=clients.ec2.root_device(order.image))
    user_data = write_user_data(order.group, context.jobs_folder, clients)
    description = describe_jobs(job_request(order.group, request, tags, user_data), clients.service)
    shown = {"image": order.image, "count": order.count, "type": order.group.settings.type}
    context.changes.condor.submit(description, order.count, token=token, request=shown, tags=tags)


def _wait_until_running(order: LaunchOrder, token: str, context: LaunchContext) -> tuple[str, ...]:
    clients, count = context.clients, order.count
    known: set[str] = set()

    def look() -> tuple[str, ...] | None:
        jobs = clients.condor.jobs_by_token(token)
        ids = sorted(job.machine for job in jobs if job.machine)
        _record_machines([id_ for id_ in ids if id_ not in known], order, context)
        known.update(ids)
        found = judge(clients.ec2.machines_by_id(ids)) if ids else judge(())
        context.advance(order.before + found.running, order.total or count)
        _check_jobs(jobs, count, context)
        if found.lost:
            raise lost_error(found.lost, context.address)
        return tuple(ids) if found.running == count else None

    what = f"{count} machines of {context.address} were running"
    return wait_for(look, context, order.group.launch_timeout, what, outage_seconds=SCHEDD_OUTAGE_SECONDS)


def _record_machines(ids: Sequence[str], order: LaunchOrder, context: LaunchContext) -> None:
    """Record machines as soon as their jobs have them, and tag them where their launch could not."""
    tags = context.tags(order.tags)
    context.remember(ids, tags)
    ensure_tags(Ability.TAG_INSTANCE, ids, tags, context)


def _check_jobs(jobs: Sequence[Job], count: int, context: LaunchContext) -> None:
    """ServiceError where a job will not start its machine."""
    now = context.now()
    held = [job for job in jobs if job.state is JobState.HELD]
    over = count - sum(not job.state.is_over for job in jobs)
    service = context.address.service
    if held:
        reasons = Counter(explain_hold(job) for job in held)
        said = "; ".join(f"{number} {reason}" for reason, number in reasons.most_common(3))
        raise ServiceError(
            f"HTCondor does not launch machines of {context.address}: {said}.",
            f"{advise_hold(held[0])} The jobs stay in the queue until the next apply replaces them.",
            service=service,
            call=SUBMIT,
        )
    if any(job.unavailable_since and now - job.unavailable_since > SCHEDD_OUTAGE_SECONDS for job in jobs):
        raise ServiceError(
            f"HTCondor cannot use the service {service}: the jobs of {context.address} have waited for it "
            f"for {SCHEDD_OUTAGE_SECONDS:.0f} seconds or more.",
            "Check on the schedd's machine that the jobs' owner can read the key files which the service "
            "names, and that the service answers. The jobs stay in the queue and start then.",
            service=service,
            call=SUBMIT,
        )
    if over:
        raise ServiceError(
            f"{over} of {count} jobs of {context.address} left the queue before their machines ran.",
            "Someone removed them, or HTCondor lost their machines. Run `extenci plan` to see what is left.",
            service=service,
            call=SUBMIT,
        )

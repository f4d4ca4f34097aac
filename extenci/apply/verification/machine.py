"""Test VMs: launching one, and ending what a trial has made, however it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from extenci.apply.context import ChangeContext
from extenci.apply.records import forget
from extenci.launch.condor import end_jobs, launch_jobs
from extenci.launch.ec2 import end_instances, launch_instances
from extenci.launch.key_pairs import drop_key_pair, make_key_pair
from extenci.launch.order import Order
from extenci.launch.readiness import wait_until_gone
from extenci.model.address import Launch, Role, Tagging
from extenci.model.desired import DesiredGroup, ImageId, Origin
from extenci.model.errors import Unreachable
from extenci.model.observed import Job, Machine
from extenci.model.ownership import EXPIRES, Marks, read_marks
from extenci.model.record import ResourceKind
from extenci.model.verification import Verify, needs_login

MARGIN_SECONDS = 900.0
"""How much longer than its trial a test VM may live, before anyone who looks may end it."""


@dataclass(frozen=True)
class TestVm:
    """A running test VM; `key` is a file with the private key of its temporary key pair, if it has one;
    `launched` a reading of the work's clock."""

    machine: Machine
    launched: float
    boot_seconds: float
    key: Path | None


def launch_test_vm(image: str, verify: Verify, tags: Mapping[str, str], context: ChangeContext) -> TestVm:
    """Launch one machine and wait until it runs, with a key pair of its own where checks log in and nothing
    else says how. What `launch_instances` and `launch_jobs` raise."""
    clock = context.staging.clock
    began = clock()
    expires = context.run_context.clock() + verify.timeout + MARGIN_SECONDS
    tags = {**tags, EXPIRES: spell_time(expires)}
    settings, key = verify.settings, None
    if settings.key_name is None and needs_login(verify):
        name, key = make_key_pair(context, tags)
        settings = replace(settings, key_name=name)
    group = DesiredGroup(
        address=context.change.address,
        origin=Origin("", 0, 0),
        image=ImageId(image),
        count=1,
        settings=settings,
        launch=verify.launch,
        launch_timeout=verify.timeout,
    )
    launch = launch_jobs if verify.launch is Launch.CONDOR else launch_instances
    (id_,) = launch(Order(group, image, 1, tags), context)
    (machine,) = context.staging.clients.ec2.machines_by_id([id_])
    return TestVm(machine, began, clock() - began, key)


def end_test_vms(verify: Verify, known: tuple[str, ...], context: ChangeContext) -> None:
    """End every test VM that this run has made for the change, and delete its key pair. It is done also after
    a stop: waiting is bounded, and a second Ctrl-C ends all.

    Where HTCondor does not answer the machines are ended all the same, and Unreachable is raised.
    """
    context = unstoppable(context)
    silence: Unreachable | None = None
    if verify.launch is Launch.CONDOR:
        try:
            end_own_jobs(context)
        except Unreachable as error:
            silence = error
    ids = {*known, *own_machines(context)}
    if ids:
        wait_until_gone(end_instances(sorted(ids), context), context)
        forget(context, sorted(ids))
    drop_key_pairs(context)
    if silence is not None:
        raise silence


def end_own_jobs(context: ChangeContext) -> None:
    """Remove the jobs that this run has made for the change."""
    jobs = [
        job for job in context.staging.clients.condor.jobs(context.run_context.stack) if is_mine(job, context)
    ]
    if jobs:
        end_jobs([job.id for job in jobs], [job.machine for job in jobs if job.machine], context)


def own_machines(context: ChangeContext) -> set[str]:
    """The machines that this run has made for the change: by their tags, or by the records where there are
    none."""
    run_context = context.run_context
    if context.staging.tagging is Tagging.CREATE:
        found = context.staging.clients.ec2.machines(run_context.stack)
        return {machine.id for machine in found if is_mine(machine, context) and not machine.state.is_gone}
    return {
        record.id
        for record in run_context.catalog.records(run_context.stack).resources
        if record.kind is ResourceKind.MACHINE and is_own(read_marks(record.tags), context)
    }


def is_mine(thing: Machine | Job, context: ChangeContext) -> bool:
    """Whether a machine or job is a test VM that this run has made for the change."""
    return is_own(thing.marks, context)


def is_own(marks: Marks | None, context: ChangeContext) -> bool:
    """Whether marks are those of a test VM that this run has made for the change."""
    return (
        marks is not None
        and marks.role is Role.TEST
        and marks.address == context.change.address
        and marks.plan == context.run_context.run
    )


def drop_key_pairs(context: ChangeContext) -> None:
    """Delete the key pairs that this run has made for the change."""
    for name in context.run_context.catalog.journal.made_key_pairs(
        context.run_context.run, context.change.id
    ):
        drop_key_pair(name, context)


def unstoppable(context: ChangeContext) -> ChangeContext:
    """The same place to work at, where no stop is heeded."""
    return replace(context, staging=replace(context.staging, stop=Event()))


def spell_time(seconds: float) -> str:
    """Seconds since the epoch as a tag has them: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

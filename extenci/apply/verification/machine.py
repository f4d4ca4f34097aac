"""Test VMs: launching one, and ending those of a verification, however it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import delete_key_pairs
from extenci.launch import engines
from extenci.launch.key_pairs import make_key_pair
from extenci.launch.order import LaunchOrder
from extenci.model.abilities import Ability
from extenci.model.desired import DesiredGroup, ImageId, Origin
from extenci.model.errors import Unreachable
from extenci.model.observed import Machine
from extenci.model.ownership import EXPIRES, Marks, Role, read_marks
from extenci.model.record import ResourceKind
from extenci.model.service import Tagging
from extenci.model.verification import Verify, needs_login

MARGIN_SECONDS = 900.0
"""How much longer than its verification a test VM may live before gc may end it."""


@dataclass(frozen=True)
class TestVm:
    """A running test VM; `key` is a file with the private key of its temporary key pair, if it has one;
    `launched` a reading of the work's clock."""

    machine: Machine
    launched: float
    boot_seconds: float
    key: Path | None


def launch_test_vm(image: str, verify: Verify, tags: Mapping[str, str], context: ChangeContext) -> TestVm:
    """Launch one machine and wait until it runs, with a key pair of its own where checks log in and no other
    key is named. Errors as of `Engine.launch`."""
    launching = context.launching()
    began = launching.clock()
    tags = {**tags, EXPIRES: format_time(launching.now() + verify.timeout + MARGIN_SECONDS)}
    settings, key = verify.settings, None
    if settings.key_name is None and needs_login(verify):
        name, key = make_key_pair(launching, tags)
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
    (id_,) = engines.launch(LaunchOrder(group, image, 1, tags), launching)
    (machine,) = launching.clients.ec2.machines_by_id([id_])
    return TestVm(machine, began, launching.clock() - began, key)


def end_test_vms(verify: Verify, known: tuple[str, ...], context: ChangeContext) -> None:
    """End every test VM that this run has made for the change, and delete its key pair; also after a stop,
    since waiting is bounded and a second Ctrl-C ends the process.

    Where a schedd does not answer, the machines are ended all the same and Unreachable is raised.
    """
    context = context.unstoppable()
    launching = context.launching()
    silence: Unreachable | None = None
    try:
        engines.ENGINES[verify.launch].cancel(lambda marks: is_own(marks, context), launching)
    except Unreachable as error:
        silence = error
    ids = sorted({*known, *own_machines(context)})
    if ids:
        context.records.forget(engines.end_by_id(ids, launching))
    run = context.run
    delete_key_pairs(run.catalog.journal.made_key_pairs(run.run, context.change.id), context)
    if silence is not None:
        raise silence


def own_machines(context: ChangeContext) -> set[str]:
    """The machines that this run has made for the change: by their tags, or by the records where services
    have none."""
    run = context.run
    if context.clients.tagging(Ability.TAG_INSTANCE) is Tagging.CREATE:
        found = context.clients.ec2.machines(run.stack)
        return {one.id for one in found if is_own(one.marks, context) and not one.state.is_gone}
    return {
        record.id
        for record in run.catalog.records(run.stack).resources
        if record.kind is ResourceKind.MACHINE and is_own(read_marks(record.tags), context)
    }


def is_own(marks: Marks | None, context: ChangeContext) -> bool:
    """Whether marks are those of a test VM that this run has made for the change."""
    return (
        marks is not None
        and marks.role is Role.TEST
        and marks.address == context.change.address
        and marks.plan == context.run.run
    )


def format_time(seconds: float) -> str:
    """Seconds since the epoch as text for a tag: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

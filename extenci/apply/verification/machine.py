"""Test VMs: launching one, and ending those of a verification, however it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from extenci.model.errors import ServiceError, Unreachable
from extenci.model.observed import Machine
from extenci.model.ownership import EXPIRES, Marks, Role, read_marks
from extenci.model.record import ResourceKind
from extenci.model.service import Tagging
from extenci.model.text import listed
from extenci.model.verification import Verify, needs_login
from extenci.stage.waiting import look_while_hidden

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

    Where a schedd does not answer, the machines are ended all the same and Unreachable is raised. Where the
    service does not end them, the error says what is left.
    """
    context = context.unstoppable()
    launching = context.launching()
    silence: Unreachable | None = None
    try:
        engines.ENGINES[verify.launch].cancel(lambda marks: is_own(marks, context), launching)
    except Unreachable as error:
        silence = error
    run = context.run
    ids = sorted({*known, *recorded_machines(context)})
    try:
        ids = sorted({*ids, *listed_machines(context), *unanswered_machines(context)})
        if ids:
            context.records.forget(engines.end_by_id(ids, launching))
        delete_key_pairs(run.catalog.journal.made_key_pairs(run.run, context.change.id), context)
    except ServiceError as error:
        error.hint = " ".join(filter(None, (error.hint, tell_left(ids, context))))
        raise
    if silence is not None:
        raise silence


def tell_left(ids: Sequence[str], context: ChangeContext) -> str:
    """What may be left of a verification whose end failed, and what to do about it."""
    run = context.run
    pairs = run.catalog.journal.made_key_pairs(run.run, context.change.id)
    left = listed([*(f"the test VM {one}" for one in ids), *(f"the key pair {one}" for one in pairs)])
    return f"What may be left: {left or 'a test VM'}. `extenci gc` removes it."


def recorded_machines(context: ChangeContext) -> set[str]:
    """The machines that this run has made for the change, by the records: they may not be listed yet."""
    run = context.run
    return {
        record.id
        for record in run.catalog.records(run.stack).resources
        if record.kind is ResourceKind.MACHINE and is_own(read_marks(record.tags), context)
    }


def listed_machines(context: ChangeContext) -> set[str]:
    """The same by their tags, where machines get them when they are made."""
    if context.clients.tagging(Ability.TAG_INSTANCE) is not Tagging.CREATE:
        return set()
    found = context.clients.ec2.machines(context.run.stack)
    return {one.id for one in found if is_own(one.marks, context) and not one.state.is_gone}


def unanswered_machines(context: ChangeContext) -> set[str]:
    """Those of launches that were not answered, which are looked for until they would show."""
    run, launching = context.run, context.launching()
    tokens = {
        intent.token: intent.at
        for intent in run.catalog.journal.unsettled(run.stack)
        if (intent.run, intent.change, intent.call) == (run.run, context.change.id, "RunInstances")
    }
    if not tokens:
        return set()

    def look() -> set[str] | None:
        return {one.id for one in context.clients.ec2.machines_by_token(list(tokens))} or None

    context.note("A launch was not answered: its test VM is looked for, so that it can be ended")
    return look_while_hidden(look, launching, max(tokens.values())) or set()


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

"""Whether a plan that was read makes sense: what types alone cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from extenci.catalog.plan_file.unexpected import Unexpected
from extenci.model.action import Action
from extenci.model.address import NAME, Address
from extenci.model.plan import Change, SavedPlan
from extenci.model.work import (
    AdoptWork,
    ForgetWork,
    LaunchWork,
    RegisterWork,
    RemoveWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
    VerifyWork,
)

WORKS: Mapping[Action, type] = {
    Action.STAGE: StageWork,
    Action.REGISTER: RegisterWork,
    Action.VERIFY: VerifyWork,
    Action.LAUNCH: LaunchWork,
    Action.REPLACE: ReplaceWork,
    Action.TERMINATE: TerminateWork,
    Action.UNSTAGE: UnstageWork,
    Action.ADOPT: AdoptWork,
    Action.FORGET: ForgetWork,
    Action.UPDATE: UpdateWork,
    Action.REMOVE: RemoveWork,
}


def check_plan(saved: SavedPlan) -> None:
    """Unexpected where a part of the plan contradicts another one."""
    if not NAME.fullmatch(saved.plan.stack) or saved.plan.stack != saved.desired.stack:
        raise Unexpected("plan.stack", "must be the name of the specs' stack")
    for name, service in saved.desired.services.items():
        if name != service.name:
            raise Unexpected(f"desired.services.{name[:40]}", "must have the name of its service as its key")
    for place, address in enumerate(addresses_of(saved)):
        if not (NAME.fullmatch(address.service) and NAME.fullmatch(address.name)):
            raise Unexpected(f"address {place}", "must be that of a service and a name")
    earlier: set[str] = set()
    for place, change in enumerate(saved.plan.changes):
        check_change(saved, change, earlier, f"plan.changes[{place}]")
        earlier.add(change.id)


def addresses_of(saved: SavedPlan) -> Iterator[Address]:
    """Every address that a plan and its specs have."""
    plan, desired = saved.plan, saved.desired
    yield from (change.address for change in plan.changes)
    yield from (drift.address for drift in plan.drift)
    yield from (blocked.address for blocked in plan.blocked)
    yield from (image.address for image in desired.images)
    yield from (group.address for group in desired.instances)
    yield from (spec.image for spec in desired.instances if isinstance(spec.image, Address))
    yield from desired.selection.addresses or ()


def check_change(saved: SavedPlan, change: Change, earlier: set[str], where: str) -> None:
    """Unexpected where a change does not fit its plan."""
    if not isinstance(change.work, WORKS.get(change.action, type(None))):
        raise Unexpected(f"{where}.work", f"must be what the action {change.action} takes")
    if change.address.service not in saved.desired.services:
        raise Unexpected(f"{where}.address", "must be on a service that the specs name")
    if change.id in earlier:
        raise Unexpected(f"{where}.id", "must not be that of an earlier change")
    if change.count < 0:
        raise Unexpected(f"{where}.count", "must not be negative")
    if not earlier.issuperset({*change.depends_on, *staged_by(change)}):
        raise Unexpected(where, "must depend on earlier changes only")


def staged_by(change: Change) -> tuple[str, ...]:
    """The change that makes what a change works with."""
    match change.work:
        case RegisterWork(staged_by=str() as id_):
            return (id_,)
        case LaunchWork(image=image) | ReplaceWork(image=image) | VerifyWork(image=image) if (
            image.staged_by is not None
        ):
            return (image.staged_by,)
        case _:
            return ()

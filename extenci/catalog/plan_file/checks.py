"""Whether the parts of a saved plan fit together, beyond their types."""

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
from extenci.spec.words import quoted

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
    """Unexpected where parts of a plan contradict each other."""
    if not NAME.fullmatch(saved.plan.stack) or saved.plan.stack != saved.desired.stack:
        raise Unexpected("plan.stack", "must be the name of the specs' stack")
    for name, service in saved.desired.services.items():
        if name != service.name:
            raise Unexpected(f"desired.services.{quoted(name, 40)[1:-1]}", "must have its name as its key")
    for place, address in enumerate(addresses_of(saved)):
        if not (NAME.fullmatch(address.service) and NAME.fullmatch(address.name)):
            raise Unexpected(f"address {place}", "must be SERVICE/NAME, of valid names")
    earlier: set[str] = set()
    for place, change in enumerate(saved.plan.changes):
        check_change(saved, change, earlier, f"plan.changes[{place}]")
        earlier.add(change.id)


def addresses_of(saved: SavedPlan) -> Iterator[Address]:
    """Every address in a plan and its specs."""
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
        raise Unexpected(f"{where}.work", f"must be the work of the action {change.action}")
    if change.address.service not in saved.desired.services:
        raise Unexpected(f"{where}.address", "must be on a service that the specs name")
    if change.id in earlier:
        raise Unexpected(f"{where}.id", "must differ from those of earlier changes")
    if change.count < 0:
        raise Unexpected(f"{where}.count", "must not be negative")
    if not earlier.issuperset({*change.depends_on, *staged_by(change)}):
        raise Unexpected(where, "must depend on earlier changes only")


def staged_by(change: Change) -> tuple[str, ...]:
    """The ids of changes that make the image or snapshot that a change uses."""
    match change.work:
        case RegisterWork(staged_by=str() as id_):
            return (id_,)
        case LaunchWork(image=image) | ReplaceWork(image=image) | VerifyWork(image=image) if (
            image.staged_by is not None
        ):
            return (image.staged_by,)
        case _:
            return ()

"""One run: a plan, carried out and written down."""

from __future__ import annotations

import time
from dataclasses import replace

from extenci.apply.context import Workshop
from extenci.apply.executor import Made, execute
from extenci.apply.steps.dispatch import do_change
from extenci.model.address import Address
from extenci.model.desired import ImageWish, InstancesWish, Wishes
from extenci.model.errors import CatalogError
from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Change, Plan
from extenci.model.record import AppliedRecord
from extenci.plan import applied_fields


def carry_out(
    plan: Plan, wishes: Wishes | None, workshop: Workshop, *, parallelism: int, command: str
) -> Result:
    """Do a plan's changes, at most `parallelism` at a time, and record what was done.

    `wishes` None: the plan is not about all that they ask for, so that none is known to be fulfilled by it.
    What fails is in the result, not raised; CatalogError where the journal cannot be written to begin with.
    """
    journal = workshop.catalog.journal
    journal.begin_run(workshop.run, workshop.stack, command, workshop.run)
    began = time.monotonic()

    def step(change: Change, made: Made) -> Outcome:
        return do_change(change, made, workshop)

    outcomes = execute(
        plan.changes, step, parallelism=parallelism, stop=workshop.stop, listener=workshop.listener
    )
    result = Result(workshop.run, plan, outcomes, seconds=time.monotonic() - began)
    try:
        if wishes is not None:
            record_wishes(result, wishes, workshop)
        journal.end_run(workshop.run, _word(result, workshop))
    except CatalogError as error:
        return replace(result, unrecorded=error.message)
    return result


def record_wishes(result: Result, wishes: Wishes, workshop: Workshop) -> None:
    """Remember the fields of every wish that now holds, so that later plans can say what changed."""
    undone = {str(blocked.address) for blocked in result.plan.blocked}
    for change, outcome in zip(result.plan.changes, result.outcomes, strict=True):
        if outcome.status is not Status.DONE:
            undone.add(str(change.address))
    mine: list[ImageWish | InstancesWish] = [
        wish for wish in _selected(wishes) if str(wish.address) not in undone
    ]
    if result.plan.destroy:
        workshop.catalog.clear_applied(workshop.stack, *[wish.address for wish in mine])
        return
    now = workshop.clock()
    applied = (AppliedRecord(wish.address, applied_fields(wish), now) for wish in mine)
    workshop.catalog.set_applied(workshop.stack, *applied)
    wished = {wish.address for wish in wishes.images} | {wish.address for wish in wishes.instances}
    removed = {change.address for change in result.plan.changes} - wished
    workshop.catalog.clear_applied(workshop.stack, *_done(removed, undone))


def _done(addresses: set[Address], undone: set[str]) -> list[Address]:
    return sorted(address for address in addresses if str(address) not in undone)


def _selected(wishes: Wishes) -> list[ImageWish | InstancesWish]:
    every: tuple[ImageWish | InstancesWish, ...] = (*wishes.images, *wishes.instances)
    return [wish for wish in every if wishes.selection.covers(wish.address)]


def _word(result: Result, workshop: Workshop) -> str:
    if workshop.stop.is_set():
        return "interrupted"
    return "done" if result.ok else "failed"

"""Carrying out a plan in one run, and recording it."""

from __future__ import annotations

import time
from dataclasses import replace

from extenci.apply.change import do_change
from extenci.apply.context import Outcomes, RunContext
from extenci.apply.executor import execute
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage
from extenci.model.errors import CatalogError
from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Change, Plan
from extenci.model.record import AppliedRecord
from extenci.plan.fields import APPLIED_FROM, desired_fields


def carry_out(
    plan: Plan, desired: Desired | None, run_context: RunContext, *, parallelism: int, command: str
) -> Result:
    """Do a plan's changes, at most `parallelism` at a time, and record them.

    `desired` None: the plan covers only a part of the specs, so that no spec is recorded as applied. Failures
    are in the result, not raised; CatalogError where the journal cannot be written in the first place.
    """
    journal = run_context.catalog.journal
    journal.begin_run(run_context.run, run_context.stack, command, run_context.run, run_context.origin)
    began = time.monotonic()

    def step(change: Change, outcomes: Outcomes) -> Outcome:
        return do_change(change, outcomes, run_context)

    outcomes = execute(
        plan.changes, step, parallelism=parallelism, stop=run_context.stop, listener=run_context.listener
    )
    result = Result(run_context.run, plan, outcomes, seconds=time.monotonic() - began)
    try:
        if desired is not None:
            record_applied(result, desired, run_context)
        journal.end_run(run_context.run, _word(result, run_context))
    except CatalogError as error:
        return replace(result, unrecorded=error.message)
    return result


def record_applied(result: Result, desired: Desired, run_context: RunContext) -> None:
    """Record the fields of every spec that now holds, so that later plans can say what changed."""
    undone = {str(blocked.address) for blocked in result.plan.blocked}
    for change, outcome in zip(result.plan.changes, result.outcomes, strict=True):
        if outcome.status is not Status.DONE:
            undone.add(str(change.address))
    mine: list[DesiredImage | DesiredGroup] = [
        spec
        for spec in _selected(desired)
        if str(spec.address) not in undone
        and spec.address.service in result.plan.services
        and spec.address not in result.plan.left_out
    ]
    if result.plan.destroy:
        run_context.catalog.clear_applied(run_context.stack, *[spec.address for spec in mine])
        return
    now = run_context.clock()
    root = {APPLIED_FROM: desired.root}
    applied = (AppliedRecord(spec.address, desired_fields(spec) | root, now) for spec in mine)
    run_context.catalog.set_applied(run_context.stack, *applied)
    wanted = {spec.address for spec in desired.images} | {spec.address for spec in desired.instances}
    removed = {change.address for change in result.plan.changes} - wanted
    run_context.catalog.clear_applied(run_context.stack, *_done(removed, undone))


def _done(addresses: set[Address], undone: set[str]) -> list[Address]:
    return sorted(address for address in addresses if str(address) not in undone)


def _selected(desired: Desired) -> list[DesiredImage | DesiredGroup]:
    every: tuple[DesiredImage | DesiredGroup, ...] = (*desired.images, *desired.instances)
    return [spec for spec in every if desired.selection.covers(spec.address)]


def _word(result: Result, run_context: RunContext) -> str:
    if run_context.stop.is_set():
        return "interrupted"
    return "done" if result.ok else "failed"

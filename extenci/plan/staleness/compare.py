"""Whether a saved plan still says what is to be done, after it was made or after a part of it was done.

Plans are compared by what they do: content to provide, machines to launch and to end, images and snapshots to
remove, tags to set. What was begun may be smaller now than it was; what was done must be gone; the rest must
be as it was. Reasons, fields and drift are not compared, nor is what becomes an id on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extenci.model.plan import Plan
from extenci.plan.staleness.comparison import Comparison, halfway
from extenci.plan.staleness.content import content_differences, verification_differences
from extenci.plan.staleness.machines import machine_differences
from extenci.plan.staleness.removals import unstage_differences
from extenci.plan.staleness.tags import tag_differences


@dataclass(frozen=True)
class Fresh:
    """Nothing of the saved plan was begun, and all of it is still to be done."""


@dataclass(frozen=True)
class Continues:
    """A part of the saved plan is done; `plan` is the rest."""

    plan: Plan


@dataclass(frozen=True)
class AlreadyApplied:
    """Nothing of the saved plan is left to do."""


@dataclass(frozen=True)
class Stale:
    """Something else is to be done now; `differences` are lines for people."""

    differences: tuple[str, ...]


PlanStatus = Fresh | Continues | AlreadyApplied | Stale


def compare_plans(saved: Plan, fresh: Plan, begun: frozenset[str], done: frozenset[str]) -> PlanStatus:
    """How a saved plan stands against a fresh one of the same specs. `begun` and `done` are ids of the
    changes that the run of the saved plan has begun and finished."""
    comparison = Comparison(saved, fresh, begun - done, done)
    refused = tuple(new_blocks(comparison))
    if saved.changes and not (fresh.changes or refused):
        return AlreadyApplied()
    differences = (
        *repeated(comparison),
        *content_differences(comparison),
        *verification_differences(comparison),
        *machine_differences(comparison),
        *unstage_differences(comparison),
        *tag_differences(comparison),
        *refused,
    )
    if differences:
        return Stale(tuple(dict.fromkeys(differences)))
    touched = (begun | done) & {change.id for change in saved.changes}
    return Continues(fresh) if touched else Fresh()


def new_blocks(comparison: Comparison) -> Iterator[str]:
    """What is in the way now and was not when the plan was made."""
    known = {(one.address, one.kind, one.action) for one in comparison.saved.blocked}
    for one in comparison.fresh.blocked:
        if (one.address, one.kind, one.action) not in known:
            yield f"{one.action} {one.address}: blocked now: {one.reason}"


def repeated(comparison: Comparison) -> Iterator[str]:
    """What was done and is to be done once more, because something undid it."""
    for change in comparison.fresh.changes:
        if change.id in comparison.done and change.address not in halfway(comparison):
            yield f"{change.id}: was done, and is needed again ({change.reason})"

"""Whether a saved plan still holds, before it is applied or after a part of it was.

Plans are compared by what they do: images to make, machines to launch and to end, images and snapshots to
remove, tags to set. A change that was begun may be smaller now, one that was done must be gone, and all
others must be the same. Reasons, fields and drift are not compared.
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
    """The plan no longer holds; `differences` are lines for people."""

    differences: tuple[str, ...]


PlanStatus = Fresh | Continues | AlreadyApplied | Stale


def compare_plans(saved: Plan, fresh: Plan, begun: frozenset[str], done: frozenset[str]) -> PlanStatus:
    """The status of a saved plan, compared with a fresh one of the same specs. `begun` and `done` are ids of
    the changes that runs of the saved plan have begun and finished."""
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
    """Changes that are blocked now, and were not when the plan was made."""
    known = {(one.address, one.kind, one.action) for one in comparison.saved.blocked}
    for one in comparison.fresh.blocked:
        if (one.address, one.kind, one.action) not in known:
            yield f"{one.action} {one.address}: blocked now: {one.reason}"


def repeated(comparison: Comparison) -> Iterator[str]:
    """Changes that were done, and are needed again since something undid them."""
    for change in comparison.fresh.changes:
        if change.id in comparison.done and change.address not in halfway(comparison):
            yield f"{change.id}: was done, and is needed again ({change.reason})"

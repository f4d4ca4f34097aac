"""Two plans that are compared, and how far the saved one got."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.plan import Change, Plan
from extenci.model.work import LaunchWork, ReplaceWork, TerminateWork

MACHINE_WORK = LaunchWork | ReplaceWork | TerminateWork


@dataclass(frozen=True)
class Comparison:
    """Both plans, and how far the saved one got."""

    saved: Plan
    fresh: Plan
    begun: frozenset[str]
    done: frozenset[str]

    @property
    def undone(self) -> tuple[Change, ...]:
        """The saved changes that were not finished."""
        return tuple(change for change in self.saved.changes if change.id not in self.done)

    @property
    def untouched(self) -> tuple[Change, ...]:
        """The saved changes that were not begun."""
        return tuple(change for change in self.undone if change.id not in self.begun)

    @property
    def renewed(self) -> tuple[Change, ...]:
        """The fresh changes, without those that `repeated` reports."""
        half = halfway(self)
        return tuple(one for one in self.fresh.changes if one.id not in self.done or one.address in half)


def halfway(comparison: Comparison) -> frozenset[Address]:
    """The groups with a change that was begun and not finished, so that other machines may have to be
    launched or ended now."""
    return frozenset(
        change.address
        for change in comparison.saved.changes
        if change.id in comparison.begun and isinstance(change.work, MACHINE_WORK)
    )

"""Differences in which images and snapshots are removed."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.model.address import Address
from extenci.model.plan import Change
from extenci.model.work import StageWork, UnstageWork
from extenci.plan.staleness.comparison import Comparison


def unstage_differences(comparison: Comparison) -> Iterator[str]:
    """Differences in which images and snapshots are removed."""
    planned = removed_by(comparison.undone)
    needed = removed_by(comparison.untouched)
    now = removed_by(comparison.renewed)
    leftovers = half_made(comparison)
    for name in sorted(now.keys() - planned.keys() - leftovers):
        yield f"unstage {now[name]} {name}: needed now"
    for name in sorted(needed.keys() - now.keys()):
        yield f"unstage {needed[name]} {name}: not needed any more"


def removed_by(changes: tuple[Change, ...]) -> dict[str, Address]:
    """The images and snapshots that changes remove, each with its address."""
    return {
        name: change.address
        for change in changes
        if isinstance(change.work, UnstageWork)
        for name in (change.work.image, *change.work.snapshots)
        if name is not None
    }


def half_made(comparison: Comparison) -> frozenset[str]:
    """Snapshots without an image, of addresses whose staging was begun: it left them itself."""
    staged = {
        change.address
        for change in comparison.saved.changes
        if change.id in comparison.begun and isinstance(change.work, StageWork)
    }
    return frozenset(
        name
        for change in comparison.fresh.changes
        if isinstance(change.work, UnstageWork) and change.work.image is None and change.address in staged
        for name in change.work.snapshots
    )

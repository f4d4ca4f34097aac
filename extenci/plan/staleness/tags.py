"""Differences in which tags are set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from extenci.model.address import Address
from extenci.model.plan import Change
from extenci.model.work import AdoptWork, UpdateWork
from extenci.plan.differences import describe, differences
from extenci.plan.staleness.comparison import Comparison
from extenci.plan.staleness.removals import removed_by


def tag_differences(comparison: Comparison) -> Iterator[str]:
    """Resources whose tags are now changed differently. What is left of a removal that was begun may stay
    after all, and then gets its tags."""
    planned, needed = tagged_by(comparison.undone), tagged_by(comparison.untouched)
    own = removed_by(comparison.undone).keys() - removed_by(comparison.untouched).keys() | newborn(comparison)
    now = tagged_by(comparison.renewed)
    for name, (address, tags) in sorted(now.items()):
        if name in own:
            continue
        if name not in planned:
            yield f"tags of {address} {name}: needed now"
        elif planned[name][1] != tags:
            yield f"tags of {address} {name}: other tags now: {describe(differences(planned[name][1], tags))}"
    for name in sorted(needed.keys() - now.keys()):
        yield f"tags of {needed[name][0]} {name}: not to be changed any more"


def newborn(comparison: Comparison) -> frozenset[str]:
    """Resources without marks, of addresses where something was begun: it made them, and has not tagged
    them."""
    places = {change.address for change in comparison.saved.changes if change.id in comparison.begun}
    return frozenset(
        name
        for change in comparison.fresh.changes
        if isinstance(change.work, AdoptWork) and change.address in places
        for name in change.work.resources
    )


def tagged_by(changes: tuple[Change, ...]) -> dict[str, tuple[Address, Mapping[str, str | None]]]:
    """The tags that changes set on each resource, None for those that they remove."""
    found: dict[str, tuple[Address, Mapping[str, str | None]]] = {}
    for change in changes:
        match change.work:
            case UpdateWork(resources=resources, set=tags, unset=unset):
                wanted: dict[str, str | None] = {**tags, **dict.fromkeys(unset)}
            case AdoptWork(resources=resources, set=tags):
                wanted = dict(tags)
            case _:
                continue
        found |= dict.fromkeys(resources, (change.address, wanted))
    return found

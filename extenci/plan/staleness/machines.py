"""Differences in which machines are launched, replaced and terminated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup
from extenci.model.ownership import VERSION
from extenci.model.plan import Change
from extenci.model.text import counted, listed
from extenci.model.work import LaunchWork, ReplaceWork, TerminateWork
from extenci.plan.differences import describe, differences
from extenci.plan.fields import group_fields
from extenci.plan.staleness.comparison import MACHINE_WORK, Comparison, halfway


@dataclass(frozen=True)
class Footprint:
    """The effect of changes on the machines of one group; `settings` are the fields that they launch with."""

    launched: int
    replaced: frozenset[str]
    ended: frozenset[str]
    settings: Mapping[str, object]


def machine_differences(comparison: Comparison) -> Iterator[str]:
    """Groups whose machines are now changed differently."""
    saved, fresh = group_changes(comparison.saved.changes), group_changes(comparison.renewed)
    for address in sorted(saved.keys() | fresh.keys()):
        before, after = saved.get(address, []), footprint(fresh.get(address, []))
        undone = footprint([change for change in before if change.id not in comparison.done])
        if address in halfway(comparison):
            yield from excess_differences(address, undone, after)
        else:
            yield from exact_differences(address, undone, after)


def group_changes(changes: tuple[Change, ...]) -> dict[Address, list[Change]]:
    """The changes that launch or end machines, by group."""
    groups: dict[Address, list[Change]] = {}
    for change in changes:
        if isinstance(change.work, MACHINE_WORK):
            groups.setdefault(change.address, []).append(change)
    return groups


def footprint(changes: list[Change]) -> Footprint:
    """The joint effect of the changes of one group."""
    launched, replaced, ended = 0, frozenset[str](), frozenset[str]()
    settings: Mapping[str, object] = {}
    for change in changes:
        match change.work:
            case LaunchWork(group=group, count=count, tags=tags):
                launched += count
                settings = launch_fields(group, tags)
            case ReplaceWork(group=group, machines=machines, tags=tags):
                replaced |= frozenset(map(str, machines))
                settings = launch_fields(group, tags)
            case TerminateWork(machines=machines):
                ended |= frozenset(map(str, machines))
    return Footprint(launched, replaced, ended, settings)


def launch_fields(group: DesiredGroup, tags: Mapping[str, str]) -> dict[str, object]:
    """The settings that machines of a group are launched with, as fields."""
    return {**group_fields(group), "version": tags.get(VERSION)}


def exact_differences(address: Address, before: Footprint, after: Footprint) -> Iterator[str]:
    """Where nothing was begun, the same machines must be changed in the same way."""
    if before.launched != after.launched:
        yield f"launch {address}: count {before.launched}, now {after.launched}"
    yield from set_difference(f"replace {address}", before.replaced, after.replaced)
    yield from set_difference(f"terminate {address}", before.ended, after.ended)
    yield from settings_difference(address, before, after)


def excess_differences(address: Address, before: Footprint, after: Footprint) -> Iterator[str]:
    """Where something was begun, no more may be done than was planned. A replacement that stopped halfway
    leaves machines to end, or to launch, that were to be replaced."""
    allowed = before.launched + len(before.replaced)
    if after.launched > allowed:
        yield f"launch {address}: count {before.launched}, now {after.launched}"
    more = (after.replaced | after.ended) - (before.replaced | before.ended)
    if more:
        yield f"replace or terminate {address}: now also {listed(sorted(more))}"
    yield from settings_difference(address, before, after)


def set_difference(name: str, before: frozenset[str], after: frozenset[str]) -> Iterator[str]:
    """A line where two sets of machines differ, in number or else in members."""
    if len(before) != len(after):
        yield f"{name}: {counted(len(before), 'machine')}, now {len(after)}"
    elif before != after:
        yield f"{name}: {listed(sorted(before - after))}, now {listed(sorted(after - before))}"


def settings_difference(address: Address, before: Footprint, after: Footprint) -> Iterator[str]:
    """A line where machines would be launched with other settings."""
    if before.settings and after.settings and before.settings != after.settings:
        fields = differences(before.settings, after.settings)
        yield f"{address}: machines would be launched with other settings: {describe(fields)}"

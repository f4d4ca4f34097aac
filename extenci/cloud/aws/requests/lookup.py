"""Looking up resources by a filter of the service, where it was seen to work, and here otherwise.

A filter that never matches would say that nothing is there, and everything would be made again: OpenStack's
ec2-api splits filters by tag at their colons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.answers.retries import ATTEMPTS
from extenci.cloud.aws.calls import batches
from extenci.cloud.aws.requests.optional_parts import may_not_know
from extenci.model.abilities import Ability, Source
from extenci.model.errors import ServiceError
from extenci.model.observed import Machine, Snapshot

FILTER_VALUES = 200
"""The most values that a call's filters may have."""

Found = TypeVar("Found", Snapshot, Machine)
Read = Callable[[Mapping[str, Any], int], list[Found]]
"""Reads a list, given its filters (none: all of the account) and how many attempts to make."""


@dataclass(frozen=True)
class Lookup(Generic[Found]):
    """A filter of a list, the ability that it needs, and the same condition for use here. Without an ability,
    no service has such a filter."""

    ability: Ability | None
    name: str
    values: tuple[str, ...]
    matches: Callable[[Found], bool]

    def filtered(self, read: Read[Found], attempts: int = ATTEMPTS) -> dict[str, Found]:
        """The resources that the service's own filter finds, by id."""
        return {
            one.id: one
            for batch in batches(self.values, FILTER_VALUES)
            for one in read({"Filters": [filter_of(self.name, batch)]}, attempts)
        }


def look_up(abilities: AbilityBook, lookups: Sequence[Lookup[Found]], read: Read[Found]) -> tuple[Found, ...]:
    """The resources that any of several filters stands for. One list of all serves every filter that was not
    seen to work. ServiceError and its kinds."""
    found: dict[str, Found] = {}
    asked = [one for one in lookups if one.values]
    unproven = [one for one in asked if one.ability is None or not abilities.has(one.ability)]
    whole = read({}, ATTEMPTS) if unproven else []
    for lookup in asked:
        if lookup in unproven:
            matching = {one.id: one for one in whole if lookup.matches(one)}
            if matching and lookup.ability is not None and abilities.is_open(lookup.ability):
                _try_filter(abilities, lookup.ability, lookup, read, set(matching))
        else:
            matching = {id_: one for id_, one in lookup.filtered(read).items() if lookup.matches(one)}
        found |= matching
    return tuple(found.values())


def _try_filter(
    abilities: AbilityBook, ability: Ability, lookup: Lookup[Found], read: Read[Found], expected: set[str]
) -> None:
    """Learn whether a filter finds what is known to be there, and nothing else."""
    try:
        found = set(lookup.filtered(read, 1))
    except ServiceError as error:
        if may_not_know(error):
            abilities.learn(ability, False, f"the filter {lookup.name} was refused")
        return
    has = found == expected
    detail = f"the filter {lookup.name} found {len(found)} of {len(expected)}"
    abilities.learn(ability, has, detail, source=Source.PROBED)


def filter_of(name: str, values: Sequence[str]) -> dict[str, Any]:
    """A filter in the SDK's words."""
    return {"Name": name, "Values": list(values)}


def literal(text: str) -> str:
    """A filter's value that stands for itself: `*` and `?` match anything otherwise."""
    return "".join("\\" + character if character in "\\*?" else character for character in text)

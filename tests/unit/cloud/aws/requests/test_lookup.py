from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.requests.lookup import Lookup, look_up
from extenci.model.abilities import Abilities, Ability, declared
from extenci.model.errors import ServiceError
from extenci.model.observed import Snapshot, SnapshotState

SNAPSHOTS = tuple(Snapshot(f"snap-{number}", SnapshotState.COMPLETED, 1) for number in range(4))
WANTED = ("snap-1", "snap-2")


def lookup(*values: str) -> Lookup[Snapshot]:
    return Lookup(Ability.FILTER_ID, "snapshot-id", values, lambda one: one.id in values)


class Account:
    """A service whose filters work, never match, match everything, or are refused."""

    def __init__(self, filters: str) -> None:
        self.filters = filters
        self.calls: list[Mapping[str, Any]] = []

    def read(self, asked: Mapping[str, Any], _attempts: int) -> list[Snapshot]:
        self.calls.append(asked)
        if not asked or self.filters == "match everything":
            return list(SNAPSHOTS)
        if self.filters == "refused":
            raise ServiceError("no such filter", code="InvalidParameterValue")
        values = asked["Filters"][0]["Values"] if self.filters == "work" else ()
        return [one for one in SNAPSHOTS if one.id in values]


@pytest.mark.parametrize("filters", ["work", "never match", "match everything", "refused"])
def test_the_same_is_found_however_filters_behave(filters: str) -> None:
    account, book = Account(filters), AbilityBook(Abilities())
    for _ in range(2):
        found = look_up(book, [lookup(*WANTED)], account.read)
        assert sorted(one.id for one in found) == list(WANTED)
    assert book.has(Ability.FILTER_ID) is (filters == "work")
    assert book.lacks(Ability.FILTER_ID) is (filters != "work")


def test_a_filter_that_was_seen_to_work_is_used() -> None:
    account = Account("work")
    look_up(AbilityBook(declared({"filters": True})), [lookup(*WANTED)], account.read)
    assert [bool(asked) for asked in account.calls] == [True]


def test_nothing_found_shows_nothing_of_the_filter() -> None:
    account, book = Account("work"), AbilityBook(Abilities())
    assert look_up(book, [lookup("snap-9")], account.read) == ()
    assert book.is_open(Ability.FILTER_ID)


def test_one_list_serves_all_filters_that_are_not_proven() -> None:
    account = Account("refused")
    book = AbilityBook(declared({"filters": False}))
    tagged = Lookup[Snapshot](Ability.FILTER_TAG, "tag:a", ("b",), lambda one: one.id == "snap-3")
    found = look_up(book, [lookup("snap-0"), tagged], account.read)
    assert sorted(one.id for one in found) == ["snap-0", "snap-3"]
    assert account.calls == [{}]


def test_nothing_is_asked_for_nothing() -> None:
    account = Account("work")
    assert look_up(AbilityBook(Abilities()), [lookup()], account.read) == ()
    assert account.calls == []

from __future__ import annotations

from extenci.cloud.abilities import AbilityBook
from extenci.model.abilities import Abilities, Ability, Evidence, Source, declared

Note = tuple[Ability, bool]


def book(given: Abilities | None = None) -> tuple[AbilityBook, list[Note]]:
    notes: list[Note] = []
    return AbilityBook(
        given or Abilities(), on_learned=lambda ability, evidence: notes.append((ability, evidence.has))
    ), notes


def test_what_is_learned_is_known_and_passed_on_once() -> None:
    known, notes = book()
    assert known.is_open(Ability.PAGING)
    known.learn(Ability.PAGING, True, "DescribeImages took it")
    known.learn(Ability.PAGING, True, "DescribeInstances took it")
    assert known.has(Ability.PAGING)
    assert notes == [(Ability.PAGING, True)]
    known.learn(Ability.PAGING, False, "it refuses now")
    assert known.lacks(Ability.PAGING)
    assert notes == [(Ability.PAGING, True), (Ability.PAGING, False)]


def test_what_the_service_file_declares_is_not_changed_by_answers() -> None:
    known, notes = book(declared({"filter-tag": False}))
    known.learn(Ability.FILTER_TAG, True, "it found all")
    assert known.lacks(Ability.FILTER_TAG)
    assert notes == []


def test_what_was_learned_earlier_counts_until_it_is_forgotten() -> None:
    earlier = Abilities({Ability.CONSOLE: Evidence(False, Source.LEARNED)})
    known = AbilityBook(declared({"paging": True}), earlier)
    assert known.lacks(Ability.CONSOLE)
    known.forget()
    assert known.is_open(Ability.CONSOLE)
    assert known.has(Ability.PAGING)

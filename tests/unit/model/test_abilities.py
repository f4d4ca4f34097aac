from __future__ import annotations

import pytest

from extenci.model.abilities import (
    AWS,
    GROUPS,
    MEANINGS,
    TAGS_AT_CREATION,
    Abilities,
    Ability,
    Evidence,
    Source,
    declared,
    known_of,
)
from extenci.model.service import Tagging, effective_tagging


def learned(ability: Ability, has: bool) -> Abilities:
    return Abilities({ability: Evidence(has, Source.LEARNED)})


def test_every_ability_has_a_meaning_and_no_group_has_the_name_of_one() -> None:
    assert set(MEANINGS) == set(Ability)
    assert not set(GROUPS) & set(Ability)


@pytest.mark.parametrize(
    ("endpoint", "is_known"),
    [
        (None, True),
        ("https://ec2.us-east-1.amazonaws.com", True),
        ("https://ec2.cn-north-1.amazonaws.com.cn", True),
        ("https://amazonaws.com.example.org", False),
        ("https://cloud.example.edu:8788/services/Cloud", False),
        ("http://127.0.0.1:5000", False),
    ],
)
def test_only_awss_own_endpoints_are_known(endpoint: str | None, is_known: bool) -> None:
    assert known_of(endpoint) == (AWS if is_known else Abilities())


def test_what_is_unknown_is_neither_had_nor_lacking() -> None:
    nothing = Abilities()
    assert not any(nothing.has(one) or nothing.lacks(one) for one in Ability)


def test_a_single_ability_counts_before_its_group_wherever_it_stands() -> None:
    names = {"filter-tag": False, "all": True, "tag-on-create": False, "tag-on-create-image": True}
    found = declared(names)
    assert found.lacks(Ability.FILTER_TAG)
    assert found.has(Ability.TAG_IMAGE)
    assert found.lacks(Ability.TAG_INSTANCE)
    assert found.has(Ability.PAGING)


def test_what_is_newer_than_2014_is_sent_only_where_newer_parameters_do_no_harm() -> None:
    assert not Abilities().sends(Ability.TAG_INSTANCE)
    assert not learned(Ability.INCLUDE_DISABLED, False).sends(Ability.ENA)
    lenient = learned(Ability.INCLUDE_DISABLED, True)
    assert lenient.sends(Ability.TAG_INSTANCE)
    assert not (lenient | learned(Ability.TAG_INSTANCE, False)).sends(Ability.TAG_INSTANCE)
    assert Abilities().sends(Ability.PAGING)


@pytest.mark.parametrize("creation", TAGS_AT_CREATION)
def test_tags_at_creation_are_relied_on_only_where_they_are_known_to_work(creation: Ability) -> None:
    assert effective_tagging(Tagging.CREATE, AWS, creation) is Tagging.CREATE
    assert effective_tagging(Tagging.CREATE, Abilities(), creation) is Tagging.AFTER
    assert effective_tagging(Tagging.CREATE, learned(creation, False), creation) is Tagging.AFTER
    assert effective_tagging(Tagging.NONE, Abilities(), creation) is Tagging.NONE

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from extenci.cloud.aws.requests.optional_parts import MISMATCH, Parts, ask, change
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Abilities, Ability, Evidence, Source
from extenci.model.errors import AccessRefused, ServiceError
from extenci.model.service import Service

READ: Parts = {Ability.INCLUDE_DISABLED: {"IncludeDisabled": True}, Ability.PAGING: {"MaxResults": 5}}
CHANGE: Parts = {Ability.ENA: {"EnaSupport": True}, Ability.TAG_IMAGE: {"TagSpecifications": []}}


def session(**known: bool) -> ServiceSession:
    evidence = {Ability(name.replace("_", "-")): Evidence(has, Source.LEARNED) for name, has in known.items()}
    return ServiceSession(Service("cloud", "x", ec2="http://127.0.0.1:1", abilities=Abilities(evidence)))


def refusing(*names: str, code: str = "InternalError") -> Callable[[Mapping[str, Any], int], list[str]]:
    def call(parts: Mapping[str, Any], _attempts: int) -> list[str]:
        if set(names) & set(parts):
            raise ServiceError("no", code=code)
        return sorted(parts)

    return call


def test_what_the_service_takes_is_learned() -> None:
    asked = session()
    assert ask(asked, READ, refusing(), "DescribeImages") == ["IncludeDisabled", "MaxResults"]
    assert asked.abilities.has(Ability.INCLUDE_DISABLED)
    assert asked.abilities.has(Ability.PAGING)


@pytest.mark.parametrize("code", ["InternalError", "500", "InvalidParameter", "UnknownParameter", ""])
def test_the_part_that_is_refused_is_found_out_and_left_out_from_then_on(code: str) -> None:
    asked = session()
    assert ask(asked, READ, refusing("IncludeDisabled", code=code), "DescribeImages") == ["MaxResults"]
    assert asked.abilities.lacks(Ability.INCLUDE_DISABLED)
    assert asked.abilities.has(Ability.PAGING)
    calls: list[Mapping[str, Any]] = []

    def count(parts: Mapping[str, Any], _attempts: int) -> list[str]:
        calls.append(parts)
        return []

    ask(asked, READ, count, "DescribeImages")
    assert calls == [{"MaxResults": 5}]


def test_where_all_parts_are_refused_the_bare_call_is_made() -> None:
    asked = session()
    assert ask(asked, READ, refusing("IncludeDisabled", "MaxResults"), "DescribeImages") == []
    assert asked.abilities.lacks(Ability.INCLUDE_DISABLED)
    assert asked.abilities.lacks(Ability.PAGING)


def test_a_service_that_is_ill_teaches_nothing() -> None:
    asked = session()

    def ill(_parts: Mapping[str, Any], _attempts: int) -> list[str]:
        raise ServiceError("ill", code="InternalError")

    with pytest.raises(ServiceError):
        ask(asked, READ, ill, "DescribeImages")
    assert asked.abilities.is_open(Ability.INCLUDE_DISABLED)


def test_missing_rights_are_not_taken_for_a_missing_ability() -> None:
    asked = session()

    def refuse(_parts: Mapping[str, Any], _attempts: int) -> list[str]:
        raise AccessRefused("no", code="UnauthorizedOperation")

    with pytest.raises(AccessRefused):
        ask(asked, READ, refuse, "DescribeImages")
    assert asked.abilities.is_open(Ability.PAGING)


def test_a_service_that_refuses_newer_parameters_gets_none_in_changing_calls() -> None:
    asked = session(include_disabled=False)
    assert change(asked, CHANGE, refusing(), lambda: None, "RegisterImage") == []


def test_a_refused_change_is_made_without_the_unproven_parts() -> None:
    asked = session(include_disabled=True)
    refuse = refusing("EnaSupport", code="UnknownParameter")
    assert change(asked, CHANGE, refuse, lambda: None, "RegisterImage") == ["TagSpecifications"]
    assert asked.abilities.lacks(Ability.ENA)
    assert asked.abilities.is_open(Ability.TAG_IMAGE)


def test_a_service_that_fails_at_a_change_may_be_ill_and_teaches_nothing() -> None:
    asked = session(include_disabled=True)
    found = change(asked, CHANGE, refusing("EnaSupport"), lambda: None, "RegisterImage")
    assert found == ["TagSpecifications"]
    assert asked.abilities.is_open(Ability.ENA)


def test_a_service_that_was_ill_for_a_moment_is_asked_once_more() -> None:
    asked, answers = session(), iter([ServiceError("ill", code="InternalError")])

    def ill_at_first(parts: Mapping[str, Any], _attempts: int) -> list[str]:
        if (error := next(answers, None)) is not None:
            raise error
        return sorted(parts)

    assert ask(asked, READ, ill_at_first, "DescribeImages") == ["IncludeDisabled", "MaxResults"]
    assert asked.abilities.has(Ability.INCLUDE_DISABLED)
    assert asked.abilities.has(Ability.PAGING)


def test_taking_tags_does_not_yet_show_that_they_stick() -> None:
    asked = session(include_disabled=True)
    change(asked, CHANGE, refusing(), lambda: None, "RegisterImage")
    assert asked.abilities.has(Ability.ENA)
    assert asked.abilities.is_open(Ability.TAG_IMAGE)


def test_what_a_failed_change_made_all_the_same_is_not_made_again() -> None:
    asked = session(include_disabled=True)
    found = change(asked, CHANGE, refusing("EnaSupport"), lambda: ["ami-1"], "RegisterImage")
    assert found == ["ami-1"]
    assert asked.abilities.is_open(Ability.ENA)


def test_where_the_first_call_was_carried_out_unseen_its_outcome_stays_open() -> None:
    asked = session(include_disabled=True)

    def call(parts: Mapping[str, Any], _attempts: int) -> list[str]:
        raise ServiceError("no", code="InternalError" if parts else MISMATCH)

    with pytest.raises(ServiceError) as caught:
        change(asked, CHANGE, call, lambda: None, "RunInstances")
    assert caught.value.code == "InternalError"


def test_a_part_that_another_call_took_is_doubted_where_this_one_is_refused() -> None:
    asked = session()
    ask(asked, {Ability.PAGING: {"MaxResults": 5}}, refusing(), "DescribeInstances")
    assert ask(asked, READ, refusing("IncludeDisabled", "MaxResults"), "DescribeImages") == []
    assert asked.abilities.lacks(Ability.PAGING)

"""Selections that name what is nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.desired import Selection
from extenci.model.errors import UsageError
from extenci.model.observed import Observation, Unread
from extenci.plan.selection import require_desired, require_matches
from tests.unit.plan.scenery import Case, address, build_case

BODY = {
    "specs": {"images": {"worker": {"disk": "A"}}, "instances": {"pool": {"image": "worker"}}},
    "there": {"machines": {"i-1": {"of": "old", "image": "ami-1"}}},
    "records": {"applied": {"gone": {"count": 0}}},
}


def selecting(*names: str, excluded: tuple[str, ...] = ()) -> Case:
    case = build_case("selection", BODY)
    chosen = frozenset(map(address, names)) if names else None
    selection = Selection(chosen, excluded=frozenset(map(address, excluded)))
    return replace(case, desired=replace(case.desired, selection=selection))


def check(case: Case) -> None:
    require_matches(case.desired, case.observation, case.records)


def test_what_the_specs_have_is_owned_or_was_applied_can_be_selected() -> None:
    check(selecting("worker", "pool", "old", "gone"))
    check(selecting(excluded=("worker", "pool", "old", "gone")))
    check(selecting())


def test_what_is_nowhere_is_an_error_with_the_name_that_was_meant() -> None:
    with pytest.raises(UsageError, match="The target sandbox/pol matches nothing") as error:
        check(selecting("pol"))
    assert error.value.message.endswith("Did you mean sandbox/pool?")
    assert error.value.hint == "There is sandbox/gone, sandbox/old, sandbox/pool and sandbox/worker."
    with pytest.raises(UsageError, match="The excluded address sandbox/wroker matches nothing"):
        check(selecting(excluded=("wroker",)))


def test_of_a_service_that_could_not_be_read_nobody_can_tell() -> None:
    case = selecting("elsewhere/pol")
    unread = Unread("elsewhere", "It does not answer.")
    require_matches(case.desired, Observation(case.observation.services, (unread,)), case.records)


def test_jobs_about_images_of_the_specs_want_those() -> None:
    require_desired(selecting("worker", "pool").desired)
    with pytest.raises(UsageError, match="Did you mean sandbox/worker"):
        require_desired(selecting("wroker").desired)


def test_an_excluded_address_is_not_covered_however_it_is_selected() -> None:
    selection = Selection(frozenset({Address("a", "b")})).without([Address("a", "b")])
    assert not selection.covers(Address("a", "b"))
    assert selection.named == {Address("a", "b")}

"""Why a plan does to an address what it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.desired import Selection
from extenci.model.errors import UsageError
from extenci.model.observed import Observation, Unread
from extenci.model.plan import Explanation
from extenci.plan.explanation import DESTROYED, REMOVED, RULES, explain
from extenci.report.plan.explanation import explanation_document, render_explanation
from tests.unit.plan.scenery import Case, address, build_case

BODY = {
    "specs": {
        "images": {"worker": {"disk": "B"}},
        "instances": {"pool": {"image": "worker", "count": 3, "type": "t3.large"}},
    },
    "there": {
        "images": {"ami-1": {"of": "worker", "disk": "A", "created": 1}},
        "machines": {
            "i-1": {"of": "pool", "image": "ami-1", "disk": "A", "type": "t3.large"},
            "i-2": {"of": "old", "image": "ami-1"},
        },
    },
    "records": {
        "applied": {"pool": {"count": 2}},
        "machines": {"i-1": {"of": "pool"}, "i-9": {"of": "pool"}},
    },
}


def explained(name: str, case: Case | None = None) -> Explanation:
    case = case or build_case("explained", BODY)
    return explain(address(name), case.desired, case.observation, case.records, case.plan())


def test_a_group_has_its_spec_records_machines_and_the_rules_of_its_changes() -> None:
    found = explained("pool")
    assert str(found.origin) == "pools.yaml:7:5"
    assert [one.id for one in found.recorded] == ["i-1", "i-9"]
    assert [one.id for one in found.seen] == ["i-1"]
    assert [(one.change.action, one.rule) for one in found.changes] == [
        (one.change.action, RULES[one.change.action]) for one in found.changes
    ]
    assert {str(one.change.action) for one in found.changes} == {"launch", "replace"}
    text = render_explanation(found)
    for part in ("pools.yaml:7:5", "count: 2", "i-9", "within `max_unavailable`", "Drift", "machines.i-9"):
        assert part in text, text
    assert max(map(len, text.splitlines())) <= 80
    document = explanation_document(found)
    assert document["address"] == "sandbox/pool"
    assert [one["id"] for one in document["seen"]] == ["i-1"]  # type: ignore[attr-defined]


def test_what_is_removed_has_another_rule() -> None:
    assert [one.rule for one in explained("old").changes] == [REMOVED]
    assert "no spec names it" in render_explanation(explained("old"))
    case = replace(build_case("explained", BODY), destroy=True)
    assert {one.rule for one in explained("pool", case).changes} == {DESTROYED}


def test_it_says_why_there_is_nothing_to_do() -> None:
    case = build_case("explained", BODY)
    elsewhere = replace(case.desired, selection=Selection(frozenset({address("worker")})))
    assert "not in this plan" in render_explanation(explained("pool", replace(case, desired=elsewhere)))
    unread = Observation({}, (Unread("sandbox", "It does not answer."),))
    text = render_explanation(explained("pool", replace(case, observation=unread)))
    assert "the service could not be read" in text
    assert "nothing is planned for what was not seen" in text


def test_many_machines_are_counted() -> None:
    machines = {f"i-{number:03}": {"of": "pool", "image": "ami-1", "disk": "A"} for number in range(50)}
    body = {**BODY, "there": {"images": BODY["there"]["images"], "machines": machines}}
    assert "  and 40 more" in render_explanation(explained("pool", build_case("many", body)))


def test_an_address_that_nothing_has_is_an_error() -> None:
    with pytest.raises(UsageError, match="Did you mean sandbox/pool"):
        explained("poool")
    assert explained("pool").address == Address("sandbox", "pool")

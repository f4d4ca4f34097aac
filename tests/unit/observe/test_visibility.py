from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.journal import VISIBLE_SECONDS
from extenci.model.ownership import Marks
from extenci.model.record import Intent, Records, ResourceKind, ResourceRecord
from extenci.model.service import Tagging
from extenci.observe.ownership import assign, known_resources
from extenci.observe.visibility import made_lately, may_show_more
from tests.unit.builders import observed_machine, service_state

MARKS = Marks("stack", "cloud", "pool")


def launch(at: float, *machines: str) -> Intent:
    result = {"machines": list(machines)} if machines else None
    return Intent(1, "run", "c", "cloud", "RunInstances", "token", at, MARKS.to_tags(), result=result)


def test_what_was_launched_a_moment_ago_and_is_not_listed_may_still_show() -> None:
    records = Records(intents=(launch(100.0, "i-1", "i-2"),))
    seen = observed_machine("i-1", MARKS)
    assert may_show_more("cloud", records, service_state(seen, at=105.0))
    assert not may_show_more("cloud", records, service_state(seen, observed_machine("i-2"), at=105.0))
    assert not may_show_more("cloud", records, service_state(seen, at=100.0 + VISIBLE_SECONDS))


def test_what_extenci_removed_itself_is_not_waited_for() -> None:
    records = Records(intents=(launch(100.0, "i-1"),), removed=frozenset({"i-1"}))
    assert not may_show_more("cloud", records, service_state(at=101.0))


def test_what_could_not_be_removed_is_ours_although_its_tags_are_late() -> None:
    """A run may die before its call reaches the service: a machine that is listed is there."""
    records = Records(intents=(launch(100.0, "i-1"),), removed=frozenset({"i-1"}))
    known = known_resources("cloud", records, now=105.0)
    found = assign(service_state(observed_machine("i-1")), lambda _kind: Tagging.CREATE, known)
    assert [one.marks for one in found.machines] == [MARKS]


def test_what_was_seen_once_and_is_missing_now_is_gone() -> None:
    address = Address("cloud", "pool")
    made = ResourceRecord("cloud", "i-1", ResourceKind.MACHINE, address, MARKS.to_tags())
    seen = replace(made, facts={"state": "running"})
    for record, may_show in ((made, True), (seen, False)):
        records = Records((record,), intents=(launch(100.0, "i-1"),))
        assert may_show_more("cloud", records, service_state(at=101.0)) is may_show


def test_what_was_made_on_another_service_is_not_looked_for_here() -> None:
    assert made_lately("elsewhere", Records(intents=(launch(100.0, "i-1"),)), 101.0) == frozenset()


@pytest.mark.parametrize(("now", "is_ours"), [(105.0, True), (100.0 + VISIBLE_SECONDS, False)])
def test_a_machine_whose_tags_are_late_is_ours_for_as_long_as_they_may_be(now: float, is_ours: bool) -> None:
    known = known_resources("cloud", Records(intents=(launch(100.0, "i-1"),)), now=now)
    found = assign(service_state(observed_machine("i-1")), lambda _kind: Tagging.CREATE, known)
    assert [one.marks == MARKS for one in found.machines] == [is_ours]

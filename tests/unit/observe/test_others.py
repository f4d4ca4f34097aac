from __future__ import annotations

from threading import Event
from typing import Any, cast

import pytest

from extenci.model.abilities import Abilities, Ability, Evidence, Source
from extenci.model.address import Address
from extenci.model.journal import VISIBLE_SECONDS
from extenci.model.observed import ServiceState
from extenci.model.ownership import Marks
from extenci.model.record import Intent, Records, ResourceKind, ResourceRecord
from extenci.model.service import Tagging
from extenci.observe import others
from extenci.observe.others import shows_others
from tests.unit.builders import observed_machine, service_state

MARKS = Marks("stack", "cloud", "pool")
MADE = Intent(
    1, "run", "c", "cloud", "RunInstances", "token", 100.0, MARKS.to_tags(), result={"machines": ["i-1"]}
)
RECORD = ResourceRecord("cloud", "i-1", ResourceKind.MACHINE, Address("cloud", "pool"), MARKS.to_tags())
RECORDS = Records((RECORD,), intents=(MADE,))


class Service:
    name = "cloud"
    tags = Tagging.CREATE


class Known:
    service = Service
    abilities = Abilities()


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[ServiceState]:
    """The next states that the service shows to those who have no records."""
    states: list[ServiceState] = []

    def read_once(_clients: object, _stack: str, records: Records, _now: float, _stop: Event) -> ServiceState:
        assert records == Records()
        return states.pop(0)

    monkeypatch.setattr(others, "read_once", read_once)
    return states


def shows(records: Records, now: float = 110.0) -> bool:
    return shows_others(cast("Any", Known), "stack", records, clock=lambda: now)


def test_others_see_what_is_listed_with_its_tags(listed: list[ServiceState]) -> None:
    listed[:] = [service_state(), service_state(observed_machine("i-1"))]
    assert not shows(RECORDS)
    assert not shows(RECORDS)
    listed[:] = [service_state(observed_machine("i-1", MARKS))]
    assert shows(RECORDS)


def test_a_call_without_an_answer_may_still_show(listed: list[ServiceState]) -> None:
    assert listed == []
    lost = Intent(1, "run", "c", "cloud", "RunInstances", "token", 100.0, MARKS.to_tags())
    assert not shows(Records(intents=(lost,)))


def test_what_is_gone_by_now_is_not_waited_for(listed: list[ServiceState]) -> None:
    listed[:] = [service_state()]
    assert shows(Records(intents=(MADE,)))


def test_nothing_is_read_once_the_time_is_over_or_where_lists_are_never_late(
    listed: list[ServiceState], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listed == []
    assert shows(RECORDS, now=100.0 + VISIBLE_SECONDS)
    known = Abilities({Ability.CONSISTENT: Evidence(True, Source.KNOWN, "")})
    monkeypatch.setattr(Known, "abilities", known)
    assert shows(RECORDS)

"""Whose a thing is, for each way in which a service tags."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.observed import (
    Image,
    ImageState,
    Machine,
    ServiceState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import Marks, read_marks
from extenci.model.record import Intent, Records, ResourceKind, ResourceRecord
from extenci.model.service import Service, Tagging
from extenci.observe.ownership import assign, known_resources
from tests.unit.builders import observed_machine

MARKS = Marks(stack="physics", service="cloud", name="pool")
TAGS = MARKS.to_tags()
SERVICE = Service(name="cloud", region="us-east-1")


def machine(id_: str, token: str = "", tags: dict[str, str] | None = None) -> Machine:
    return observed_machine(id_, read_marks(tags or {}), token=token, tags=tags or {})


def state(*machines: Machine) -> ServiceState:
    return ServiceState("cloud", 0.0, machines=machines)


def intent(call: str, token: str, result: dict[str, object] | None = None) -> Intent:
    return Intent(1, "run", "change", "cloud", call, token, 0.0, tags=TAGS, result=result)


def owners(mode: Tagging, records: Records, *machines: Machine) -> list[str]:
    found = assign(state(*machines), lambda _kind: mode, known_resources("cloud", records))
    return [one.id for one in found.machines if one.marks is not None]


def test_with_tags_at_creation_only_the_tags_count() -> None:
    record = ResourceRecord("cloud", "i-2", ResourceKind.MACHINE, Address("cloud", "pool"), TAGS)
    assert owners(Tagging.CREATE, Records((record,)), machine("i-1", tags=TAGS), machine("i-2")) == ["i-1"]


def test_with_tags_after_creation_token_and_record_tell_until_the_tags_are_there() -> None:
    record = ResourceRecord("cloud", "i-2", ResourceKind.MACHINE, Address("cloud", "pool"), TAGS)
    records = Records((record,), intents=(intent("RunInstances", "token"),))
    machines = (
        machine("i-1", tags=TAGS),
        machine("i-2"),
        machine("i-3", token="token"),
        machine("i-4", token="x"),
    )
    assert owners(Tagging.AFTER, records, *machines) == ["i-1", "i-2", "i-3"]


def test_without_tags_only_what_the_catalog_knows_counts() -> None:
    made = intent("RunInstances", "token", {"machines": ["i-2"]})
    records = Records(intents=(made,))
    assert owners(Tagging.NONE, records, machine("i-1", tags=TAGS), machine("i-2")) == ["i-2"]


def test_an_unanswered_call_of_another_service_says_nothing_here() -> None:
    records = Records(intents=(replace(intent("RunInstances", "token"), service="elsewhere"),))
    assert owners(Tagging.AFTER, records, machine("i-1", token="token")) == []


@pytest.mark.parametrize("mode", [Tagging.AFTER, Tagging.NONE])
def test_images_are_known_by_their_name_and_snapshots_by_the_answer(mode: Tagging) -> None:
    calls = (intent("RegisterImage", "pool-physics-1"), intent("StartSnapshot", "t", {"snapshot": "snap-1"}))
    found = assign(
        ServiceState(
            "cloud",
            0.0,
            images=(
                Image("ami-1", "pool-physics-1", ImageState.AVAILABLE),
                Image("ami-2", "x", ImageState.AVAILABLE),
            ),
            snapshots=(
                Snapshot("snap-1", SnapshotState.PENDING, 1),
                Snapshot("snap-2", SnapshotState.PENDING, 1),
            ),
        ),
        lambda _kind: mode,
        known_resources("cloud", Records(intents=calls)),
    )
    assert [one.marks for one in found.images] == [MARKS, None]
    assert [one.marks for one in found.snapshots] == [MARKS, None]

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
from extenci.model.ownership import ROLE, STACK, Marks, Role, owner_code, read_marks
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


RECORD = ResourceRecord("cloud", "i-2", ResourceKind.MACHINE, Address("cloud", "pool"), TAGS)


def test_with_tags_at_creation_the_tags_count_and_records_tell_those_that_were_removed() -> None:
    machines = (machine("i-1", tags=TAGS), machine("i-2"), machine("i-3"))
    assert owners(Tagging.CREATE, Records((RECORD,)), *machines) == ["i-1", "i-2"]


def test_with_tags_at_creation_a_call_of_the_journal_tells_of_nothing_that_is_old() -> None:
    made = intent("RunInstances", "token", {"machines": ["i-2"]})
    assert owners(Tagging.CREATE, Records(intents=(made,)), machine("i-2")) == ["i-2"]
    long_ago = replace(made, at=-1000.0)
    assert owners(Tagging.CREATE, Records(intents=(long_ago,)), machine("i-2")) == []


def test_what_extenci_removed_itself_is_not_looked_for() -> None:
    known = known_resources("cloud", Records((RECORD,), removed=frozenset({"i-2"})))
    assert known.unseen(known.machines, ()) == frozenset()


def test_recorded_resources_that_a_list_by_tags_lacks_are_looked_for() -> None:
    known = known_resources("cloud", Records((RECORD,)))
    assert known.unseen(known.machines, [machine("i-1")]) == {"i-2"}
    assert known.unseen(known.machines, [machine("i-2")]) == frozenset()


@pytest.mark.parametrize("lost", [["extenci:stack"], ["extenci:name"], sorted(TAGS)])
@pytest.mark.parametrize("mode", [Tagging.CREATE, Tagging.AFTER])
def test_marks_that_are_missing_come_from_the_records(mode: Tagging, lost: list[str]) -> None:
    left = {key: value for key, value in TAGS.items() if key not in lost}
    found = assign(
        state(machine("i-2", tags=left)), lambda _kind: mode, known_resources("cloud", Records((RECORD,)))
    )
    assert found.machines[0].marks == MARKS


def test_a_test_vm_without_its_role_is_a_test_vm_still() -> None:
    tags = replace(MARKS, role=Role.TEST).to_tags()
    left = {key: value for key, value in tags.items() if key != ROLE}
    records = Records((replace(RECORD, tags=tags),))
    found = assign(
        state(machine("i-2", tags=left)), lambda _kind: Tagging.CREATE, known_resources("cloud", records)
    )
    assert found.machines[0].marks == replace(MARKS, role=Role.TEST)


@pytest.mark.parametrize("mode", [Tagging.CREATE, Tagging.AFTER])
def test_what_another_stack_has_marked_since_is_its(mode: Tagging) -> None:
    known = known_resources("cloud", Records((RECORD,)))
    theirs = {**TAGS, STACK: "chemistry"}
    found = assign(state(machine("i-2", tags=theirs)), lambda _kind: mode, known)
    assert found.machines[0].marks == replace(MARKS, stack="chemistry")
    alone = assign(state(machine("i-2", tags={STACK: "chemistry"})), lambda _kind: mode, known)
    assert alone.machines[0].marks is None


def test_a_value_that_was_changed_by_hand_is_not_restored() -> None:
    known = known_resources("cloud", Records((RECORD,)))
    found = assign(
        state(machine("i-2", tags={**TAGS, "extenci:protect": "true"})), lambda _kind: Tagging.CREATE, known
    )
    assert found.machines[0].marks == replace(MARKS, protect=True)


def test_with_tags_after_creation_token_and_record_tell_until_the_tags_are_there() -> None:
    records = Records((RECORD,), intents=(intent("RunInstances", "token"),))
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


def test_a_machine_that_a_dead_home_did_not_tag_is_known_by_its_client_token() -> None:
    code = owner_code("physics", Address("cloud", "pool"), Role.POOL)
    known = known_resources("cloud", Records(), owners={code: TAGS})
    seen = state(machine("i-1", code + "0" * 48), machine("i-2", "1" * 64))
    found = assign(seen, lambda _kind: Tagging.AFTER, known)
    assert [one.marks for one in found.machines] == [MARKS, None]

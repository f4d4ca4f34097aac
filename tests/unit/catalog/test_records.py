from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.catalog.home import Home
from extenci.catalog.journal.intents import LAUNCH_SECONDS
from extenci.catalog.records import Catalog
from extenci.model.address import Address
from extenci.model.record import AppliedRecord, ResourceKind, ResourceRecord

POOL = Address("sandbox", "pool")
MACHINE = ResourceRecord(
    "sandbox", "i-1", ResourceKind.MACHINE, POOL, {"a": "b"}, {"type": "m5", "spot": False}, 5.0
)


def test_what_is_remembered_is_found_again_in_its_own_stack_only(catalog: Catalog) -> None:
    other = replace(MACHINE, id="i-0", service="amazon", address=Address("amazon", "pool"))
    catalog.remember("one", MACHINE, other)
    catalog.remember("two", replace(MACHINE, id="i-2"))
    assert catalog.records("one").resources == (other, MACHINE)
    assert [known.id for known in catalog.records("two").resources] == ["i-2"]
    assert catalog.stacks() == ("one", "two")
    assert catalog.services_with_records("one") == ("amazon", "sandbox")
    assert catalog.stacks_with_records("sandbox") == ("one", "two")


def test_remembering_again_replaces_and_forgetting_removes(catalog: Catalog) -> None:
    catalog.remember("one", MACHINE)
    catalog.remember("one", replace(MACHINE, facts={"type": "m6"}))
    assert [known.facts for known in catalog.records("one").resources] == [{"type": "m6"}]
    catalog.forget("one", "amazon", ["i-1"])
    catalog.forget("two", "sandbox", ["i-1"])
    assert len(catalog.records("one").resources) == 1
    catalog.forget("one", "sandbox", ["i-1", "i-9"])
    assert catalog.records("one").resources == ()


def test_a_resource_without_a_time_was_seen_now(home: Home) -> None:
    with Catalog.open(home, clock=lambda: 77.0) as catalog:
        catalog.remember("one", replace(MACHINE, seen=0.0))
        assert catalog.records("one").resources[0].seen == 77.0


def test_applied_wishes_are_kept_until_cleared(catalog: Catalog) -> None:
    applied = AppliedRecord(POOL, {"count": 3, "tags": {"a": "b"}, "security_groups": ["ssh"]}, 9.0)
    catalog.set_applied("one", applied)
    assert catalog.records("one").applied == {POOL: applied}
    catalog.set_applied("one", replace(applied, fields={"count": 4}))
    assert catalog.records("one").applied[POOL].fields == {"count": 4}
    catalog.clear_applied("two", POOL)
    assert POOL in catalog.records("one").applied
    catalog.clear_applied("one", POOL)
    assert catalog.records("one").applied == {}


@pytest.mark.parametrize(
    ("call", "age", "needed"),
    [
        ("RunInstances", LAUNCH_SECONDS - 1, True),
        ("StartSnapshot", LAUNCH_SECONDS - 1, True),
        ("RegisterImage", LAUNCH_SECONDS - 1, True),
        ("RunInstances", LAUNCH_SECONDS + 1, False),
        ("TerminateInstances", 1.0, False),
    ],
)
def test_recent_launches_are_needed_though_they_are_settled(
    home: Home, call: str, age: float, needed: bool
) -> None:
    now = [1e9]
    with Catalog.open(home, clock=lambda: now[0]) as catalog:
        catalog.journal.begin_run("r", "one", "apply")
        settled = catalog.journal.begin(
            call, run="r", change="c", service="sandbox", token="t", tags={"k": "v"}
        )
        catalog.journal.settle(settled, {"ids": ["i-1"]})
        failed = catalog.journal.begin(call, run="r", change="c", service="sandbox")
        catalog.journal.fail(failed, "no capacity")
        now[0] += age
        found = catalog.records("one").intents
        assert [(intent.token, intent.tags, intent.result) for intent in found] == (
            [("t", {"k": "v"}, {"ids": ["i-1"]})] if needed else []
        )
        assert catalog.records("two").intents == ()
        assert catalog.journal.unsettled("one") == ()


def test_deleting_or_replacing_the_file_is_noticed(home: Home) -> None:
    with Catalog.open(home) as first, Catalog.open(home) as second:
        first.remember("one", MACHINE)
        assert second.stacks() == ("one",)
        home.database.unlink()
        assert first.records("one").resources == ()
        second.remember("two", MACHINE)
        assert first.stacks() == ("two",)

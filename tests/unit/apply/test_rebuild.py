from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from extenci.apply.rebuild import UNTAGGED, rebuild, write_rebuilt
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.model.address import Address
from extenci.model.observed import MachineState
from extenci.model.ownership import Marks
from extenci.model.record import AppliedRecord, LostKnowledge, Records, ResourceKind, ResourceRecord
from tests.unit.builders import observed_image, observed_machine, service_state

WORKER, POOL = Address("cloud", "worker"), Address("cloud", "pool")
IMAGE = Marks("lab", "cloud", "worker", digest="d1")
MACHINE = Marks("lab", "cloud", "pool")


def record(id_: str, kind: ResourceKind, marks: Marks, **facts: int) -> ResourceRecord:
    return ResourceRecord("cloud", id_, kind, marks.address, marks.to_tags(), facts, 1.0)


def test_what_tags_tell_is_new_where_nothing_was_recorded() -> None:
    state = service_state(
        observed_image("ami-1", IMAGE, tags=IMAGE.to_tags()),
        observed_machine("i-1", MACHINE, tags=MACHINE.to_tags()),
        observed_machine("i-2", MACHINE, tags=MACHINE.to_tags(), state=MachineState.TERMINATED),
        observed_machine("i-3", replace(MACHINE, stack="other"), tags={}),
        at=7.0,
    )
    found = rebuild("lab", Records(applied={POOL: AppliedRecord(POOL, {})}), state, state)
    assert [(one.id, one.kind, one.seen) for one in found.found] == [
        ("ami-1", ResourceKind.IMAGE, 7.0),
        ("i-1", ResourceKind.MACHINE, 7.0),
    ]
    assert found.added == found.found
    assert (found.gone, found.lost, found.unapplied) == ((), (), (WORKER,))


def test_what_records_alone_knew_is_gone_or_lost() -> None:
    image = record("ami-1", ResourceKind.IMAGE, replace(IMAGE, source_sha256="s"), bytes=5)
    untagged, ended = (record(one, ResourceKind.MACHINE, MACHINE) for one in ("i-1", "i-9"))
    seen = observed_image("ami-1", IMAGE, tags=IMAGE.to_tags())
    known = service_state(seen, observed_machine("i-1", MACHINE))
    found = rebuild("lab", Records((image, untagged, ended)), known, service_state(seen))
    assert [one.id for one in found.found] == ["ami-1"]
    assert found.found[0].facts["bytes"] == 5  # which no service tells, and nothing contradicts
    assert found.gone == (ended,)
    assert found.lost == (
        LostKnowledge(POOL, ResourceKind.MACHINE, "i-1", UNTAGGED),
        LostKnowledge(WORKER, ResourceKind.IMAGE, "ami-1", "carries no longer: extenci:source-sha256"),
    )


def test_records_of_what_takes_no_tags_are_kept() -> None:
    machine = record("i-1", ResourceKind.MACHINE, MACHINE)
    there = service_state(observed_machine("i-1", MACHINE))
    found = rebuild("lab", Records((machine,)), there, there, {ResourceKind.MACHINE})
    assert (found.found, found.kept, found.lost, found.gone) == ((), (machine,), (), ())


def test_the_records_of_one_service_and_stack_are_replaced(tmp_path: Path) -> None:
    old = record("i-9", ResourceKind.MACHINE, MACHINE)
    elsewhere = replace(old, service="campus", address=Address("campus", "pool"))
    state = service_state(observed_machine("i-1", MACHINE, tags=MACHINE.to_tags()), at=7.0)
    with Catalog.open(Home(tmp_path)) as catalog:
        catalog.remember("lab", old, elsewhere)
        catalog.remember("other", old)
        write_rebuilt(catalog, "lab", rebuild("lab", catalog.records("lab"), state, state))
        assert [one.id for one in catalog.records("lab").resources] == ["i-9", "i-1"]
        assert [one.service for one in catalog.records("lab").resources] == ["campus", "cloud"]
        assert [one.id for one in catalog.records("other").resources] == ["i-9"]

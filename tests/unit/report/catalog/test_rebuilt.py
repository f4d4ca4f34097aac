from __future__ import annotations

from extenci.model.address import Address
from extenci.model.record import LostKnowledge, RebuiltRecords, ResourceKind, ResourceRecord
from extenci.report.catalog.rebuilt import render_rebuilt

POOL = Address("bnl", "pool")


def machine(id_: str) -> ResourceRecord:
    return ResourceRecord("bnl", id_, ResourceKind.MACHINE, POOL, {})


def test_what_was_found_lost_and_gone_is_told() -> None:
    image = ResourceRecord("bnl", "ami-1", ResourceKind.IMAGE, Address("bnl", "worker"), {})
    rebuilt = RebuiltRecords(
        "bnl",
        found=(image, machine("i-1"), machine("i-2")),
        added=(machine("i-2"),),
        gone=(machine("i-3"),),
        lost=(LostKnowledge(POOL, ResourceKind.MACHINE, "i-4", "has no tags"),),
        unapplied=(POOL,),
    )
    assert render_rebuilt([rebuilt], "lab") == (
        "bnl: 1 image and 2 machines found by the tags of the stack lab.\n"
        "  new   bnl/pool  machine  i-2  was not recorded\n"
        "  gone  bnl/pool  machine  i-3  is no longer there\n"
        "  lost  bnl/pool  machine  i-4  has no tags\n"
        "  Run `extenci import ADDRESS ID` for an image or a machine that shall be\n"
        "  managed again.\n"
        "  Nothing tells which fields of bnl/pool were last applied: until the next\n"
        "  apply, no plan can tell drift from a change of the specs.\n"
        "Nothing on the services was changed.\n"
    )


def test_what_takes_no_tags_is_told() -> None:
    text = render_rebuilt([RebuiltRecords("bnl", kept=(machine("i-1"),))], "lab", dry_run=True)
    assert text == (
        "bnl: the records of 1 machine kept, since such things take no tags there.\nNothing was written.\n"
    )
    assert render_rebuilt([RebuiltRecords("bnl")], "lab").startswith("bnl: nothing found by the tags")

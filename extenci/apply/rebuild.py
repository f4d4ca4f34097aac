"""The records of a stack's resources, made anew from what a service reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from extenci.apply.records import present_records
from extenci.catalog.records import Catalog
from extenci.model.observed import ServiceState
from extenci.model.ownership import Role, read_marks
from extenci.model.record import LostKnowledge, RebuiltRecords, Records, ResourceKind, ResourceRecord
from extenci.model.text import listed

UNTAGGED = "is there, but its tags do not say that the stack owns it"


def rebuild(
    stack: str,
    records: Records,
    known: ServiceState,
    told: ServiceState,
    untagged: Collection[ResourceKind] = (),
) -> RebuiltRecords:
    """The records of a service made anew, and how they differ from the `records` before. `known` is the
    service's state as the records explain it, `told` the one that tags alone tell; `untagged` are the kinds
    that carry no tags there, whose records are kept.

    Facts of what is found that were known from its making are kept: no service tells them, and they never
    change.
    """
    before = {one.id: one for one in records.resources if one.service == told.service}
    kept = tuple(one for one in before.values() if one.kind in untagged)
    facts_only = tuple(replace(one, tags={}) for one in before.values())
    present = present_records(stack, told, replace(records, resources=facts_only))
    found = tuple(one for one in present if one.service == told.service and one.kind not in untagged)
    after = {one.id: one for one in (*found, *kept)}
    there = {one.id for one in present_records(stack, known, records)}
    missing = [one for one in before.values() if one.id not in after]
    return RebuiltRecords(
        service=told.service,
        found=found,
        added=tuple(one for one in found if one.id not in before),
        kept=kept,
        gone=tuple(one for one in missing if one.id not in there),
        lost=(
            *(LostKnowledge(one.address, one.kind, one.id, UNTAGGED) for one in missing if one.id in there),
            *lost_tags(before, found),
        ),
        unapplied=tuple(sorted({one.address for one in found if is_planned(one)} - records.applied.keys())),
    )


def is_planned(record: ResourceRecord) -> bool:
    """Whether plans look after a resource: what was made manually was never applied."""
    marks = read_marks(record.tags)
    return marks is not None and marks.role is Role.POOL


def lost_tags(
    before: dict[str, ResourceRecord], found: Collection[ResourceRecord]
) -> Iterator[LostKnowledge]:
    """The recorded tags that resources no longer carry."""
    for one in found:
        if one.id in before and (keys := sorted(before[one.id].tags.keys() - one.tags.keys())):
            yield LostKnowledge(one.address, one.kind, one.id, f"carries no longer: {listed(keys)}")


def write_rebuilt(catalog: Catalog, stack: str, rebuilt: RebuiltRecords) -> None:
    """Replace the records of a stack on a service by those made anew."""
    catalog.remember(stack, *rebuilt.found)
    wanted = {one.id for one in (*rebuilt.found, *rebuilt.kept)}
    recorded = catalog.records(stack).resources
    catalog.forget(
        stack,
        rebuilt.service,
        (one.id for one in recorded if one.service == rebuilt.service and one.id not in wanted),
    )

"""Warns where resources of the records carry somebody else's marks by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.ownership import NAME, SERVICE, STACK
from extenci.model.record import ResourceRecord
from extenci.model.service import Tagging
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex


def warn_of_taken(inputs: PlanInputs, index: ServiceIndex) -> tuple[str, ...]:
    """A warning for each recorded resource of a service that was marked for another stack or service since.
    It is not the stack's any more: plans leave it alone, and count it as gone."""
    if index.service.tags is Tagging.NONE:
        return ()
    return tuple(
        warning(record, whose)
        for record, tags in present(inputs, index)
        if (whose := new_owner(tags, inputs.desired.stack, index.service.name))
    )


def present(inputs: PlanInputs, index: ServiceIndex) -> Iterator[tuple[ResourceRecord, Mapping[str, str]]]:
    """The selected records whose resources are there, each with the tags that these carry now."""
    things: Mapping[str, Image | Snapshot | Machine] = {**index.images, **index.snapshots, **index.machines}
    for address, records in sorted(inputs.recorded.items()):
        if address.service == index.service.name and inputs.covers(address):
            for record in records:
                if record.id in things:
                    yield record, things[record.id].tags


def new_owner(tags: Mapping[str, str], stack: str, service: str) -> str:
    """Whose marks tags are, "" where they are nobody else's."""
    if tags.get(STACK, stack) == stack and tags.get(SERVICE, service) == service:
        return ""
    at = f" at {tags[SERVICE]}/{tags[NAME]}" if SERVICE in tags and NAME in tags else ""
    return f"stack {tags.get(STACK, stack)}{at}"


def warning(record: ResourceRecord, whose: str) -> str:
    """The warning about one resource."""
    return (
        f"The {record.kind} {record.id} was made for {record.address}, but carries the marks of {whose} now. "
        "It is left alone, and counts as gone. If nobody meant that, set its tags right."
    )

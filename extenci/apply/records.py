"""Writing the records: each resource as soon as it is made, and all of them at the end of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from extenci.catalog.records import Catalog
from extenci.model.address import Address
from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot
from extenci.model.ownership import PLAN, STACK
from extenci.model.record import TAGGED, Facts, Records, ResourceKind, ResourceRecord

IMAGE_FACTS = ("manifest", "bytes", "blocks")
"""Facts that are known from an image's making, and kept."""
MACHINE_FACTS = ("image", "type", "key_name", "subnet", "availability_zone", "instance_profile")


@dataclass(frozen=True)
class ChangeRecords:
    """The records of what one change makes and removes."""

    catalog: Catalog
    stack: str
    run: str
    address: Address
    clock: Callable[[], float]

    def remember(
        self, kind: ResourceKind, ids: Iterable[str], tags: Mapping[str, str], facts: Facts | None = None
    ) -> None:
        """Record resources as owned as soon as they exist. `tags` are the planned ones; `facts` those that
        the service may never tell."""
        service, made, now = self.address.service, {**tags, PLAN: self.run}, self.clock()
        records = [
            ResourceRecord(service, one, kind, self.address, made, facts or {}, seen=now) for one in ids
        ]
        self.catalog.remember(self.stack, *records)

    def retag(self, ids: Iterable[str], tags: Mapping[str, str], unset: Iterable[str] = ()) -> None:
        """Set and remove tags in the records of resources, as far as there are records."""
        wanted, gone = set(ids), set(unset)
        known = (
            one
            for one in self.catalog.records(self.stack).resources
            if one.service == self.address.service and one.id in wanted
        )
        changed = [
            replace(one, tags={key: value for key, value in one.tags.items() if key not in gone} | {**tags})
            for one in known
        ]
        self.catalog.remember(self.stack, *changed)

    def forget(self, ids: Iterable[str]) -> None:
        """Drop the records of resources that this run removed."""
        self.catalog.forget(self.stack, self.address.service, ids)


def reconcile(catalog: Catalog, stack: str, records: Records, observation: Observation) -> None:
    """Bring the records up to date: owned resources are recorded as they are, those that are gone
    forgotten."""
    for service, state in observation.services.items():
        present = list(present_records(stack, state, records))
        there = {record.id for record in present}
        recorded = {record.id for record in records.resources if record.service == service}
        catalog.remember(stack, *(record for record in present if record.service == service))
        catalog.forget(stack, service, sorted(recorded - there))


def present_records(stack: str, state: ServiceState, records: Records) -> Iterator[ResourceRecord]:
    """The records of a stack's resources that are there, as a service reports them. Earlier `records` tell
    the facts and tags that it does not report."""
    things: tuple[Image | Snapshot | Machine, ...] = (*state.images, *state.snapshots, *state.machines)
    tags = {record.id: record.tags for record in records.resources}
    facts = {record.id: record.facts for record in records.resources}
    for thing in things:
        marks = thing.marks
        if marks is None or marks.stack != stack or (isinstance(thing, Machine) and thing.state.is_gone):
            continue
        known = thing.tags or tags.get(thing.id, {})
        own = {key: known[key] for key in marks.tag_keys if key in known}
        mine = {key: value for key, value in known.items() if _is_ours(key, marks.tag_keys)}
        yield ResourceRecord(
            marks.service,
            thing.id,
            _kind(thing),
            Address(marks.service, marks.name),
            {**marks.to_tags(own), **mine},
            _facts(thing, facts.get(thing.id, {})),
            state.at,
        )


def _is_ours(key: str, own: tuple[str, ...]) -> bool:
    return key in own or key.startswith(PLAN.partition(":")[0] + ":")


def _kind(thing: Image | Snapshot | Machine) -> ResourceKind:
    match thing:
        case Image():
            return ResourceKind.IMAGE
        case Snapshot():
            return ResourceKind.SNAPSHOT
        case Machine():
            return ResourceKind.MACHINE


def _facts(thing: Image | Snapshot | Machine, known: Facts) -> Facts:
    names = ("state", *MACHINE_FACTS) if isinstance(thing, Machine) else ("state",)
    values = {name: getattr(thing, name) for name in names}
    kept = {name: known[name] for name in IMAGE_FACTS if name in known} if isinstance(thing, Image) else {}
    if known.get(TAGGED) or STACK in thing.tags:
        kept[TAGGED] = True
    if isinstance(thing, Image) and thing.manifest:
        kept["manifest"] = thing.manifest
    return {name: str(value) if name == "state" else value for name, value in values.items()} | kept

"""Tags of resources that stay: those that the specs ask for now, and marks that are still missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, DesiredImage
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.ownership import PREFIX, PROTECT, SOURCE_SHA256, TAG_KEYS, Marks, read_marks
from extenci.model.plan import Change, FieldChange
from extenci.model.record import TAGGED
from extenci.model.service import Tagging
from extenci.model.text import counted, listed
from extenci.model.work import AdoptWork, UpdateWork
from extenci.plan.differences import differences
from extenci.plan.fields import mark_fields
from extenci.plan.images.source import ImageSource, Staged, ToBeStaged
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import PlanPart, join
from extenci.plan.service_index import ServiceIndex, gather

Thing = Image | Snapshot | Machine
OWN_MARKS = (PROTECT, TAG_KEYS, SOURCE_SHA256)
"""Marks that come from the spec alone and may change while a thing stays what it is."""
FEW_MARKS = 3
"""The most missing marks that a reason names."""


@dataclass(frozen=True)
class Retag:
    """The tags to set and to remove on one resource. `adopt`: it has not carried its marks yet."""

    thing: Thing
    adopt: bool
    set: tuple[tuple[str, str], ...]
    unset: tuple[str, ...]


def retag_service(
    inputs: PlanInputs,
    index: ServiceIndex,
    sources: Mapping[Address, ImageSource],
    removed: frozenset[str],
) -> PlanPart:
    """Update the tags of everything desired and selected, except what other changes remove (`removed`)."""
    name = index.service.name
    if inputs.destroy or index.service.tags is Tagging.NONE:
        return PlanPart()
    snapshots = gather((thing.marks.address, thing) for thing in index.owned_snapshots if thing.marks)
    tagged = frozenset(record.id for record in inputs.records.resources if record.facts.get(TAGGED))
    images = (
        retag_owned(spec, Kind.IMAGE, image_retags(spec, index, snapshots, sources, removed), tagged)
        for spec in inputs.images_on(name)
        if inputs.covers(spec.address)
    )
    groups = (
        retag_owned(spec, Kind.INSTANCES, group_retags(spec, index, removed), tagged)
        for spec in inputs.groups_on(name)
        if inputs.covers(spec.address)
    )
    return join((*images, *groups))


def image_retags(
    spec: DesiredImage,
    index: ServiceIndex,
    snapshots: Mapping[Address, tuple[Snapshot, ...]],
    sources: Mapping[Address, ImageSource],
    removed: frozenset[str],
) -> Iterator[Retag]:
    """The tags to change on the images of a spec and their snapshots. Only those of the wanted version come
    from the source that the spec pins."""
    current = made_of(sources.get(spec.address))
    things: tuple[Image | Snapshot, ...] = (
        *index.owned_images.get(spec.address, ()),
        *snapshots.get(spec.address, ()),
    )
    for thing in things:
        if thing.id not in removed:
            yield from retag(thing, spec, spec.sha256 if thing.id in current else None)


def made_of(source: ImageSource | None) -> frozenset[str]:
    """The ids of the wanted version's image and snapshots, as far as they exist."""
    match source:
        case Staged(image=image):
            return frozenset({image.id, *image.snapshots})
        case ToBeStaged(snapshot=str(snapshot)):
            return frozenset({snapshot})
        case _:
            return frozenset()


def group_retags(spec: DesiredGroup, index: ServiceIndex, removed: frozenset[str]) -> Iterator[Retag]:
    """The tags to change on the machines of a spec."""
    for machine in index.owned_machines.get(spec.address, ()):
        if machine.exists and str(machine.handle) not in removed:
            yield from retag(machine, spec, None)


def retag(thing: Thing, spec: DesiredImage | DesiredGroup, source: str | None) -> Iterator[Retag]:
    """The tags to change on one resource, if any: those that the spec asks for now, and marks that are
    missing."""
    if thing.marks is None:
        return
    wanted, tags = wanted_tags(thing.marks, spec, source), thing.tags
    missing = tuple(
        (key, value)
        for key, value in sorted(wanted.items())
        if tags.get(key) != value and (key not in tags or is_own(key))
    )
    stale = {*thing.marks.tag_keys, PROTECT, TAG_KEYS} - wanted.keys()
    unset = tuple(sorted(key for key in stale if key in tags))
    if missing or unset:
        yield Retag(thing, read_marks(tags) is None, missing, unset)


def is_own(key: str) -> bool:
    """Whether a tag comes from the spec alone."""
    return key in OWN_MARKS or not key.startswith(PREFIX)


def wanted_tags(marks: Marks, spec: DesiredImage | DesiredGroup, source: str | None) -> dict[str, str]:
    """The tags that a resource should carry: its marks, with what the spec says now, without a plan's id."""
    wanted = replace(
        marks,
        plan=None,
        protect=spec.protect,
        source_sha256=source or marks.source_sha256,
    )
    return wanted.to_tags(spec.tags)


def retag_owned(
    spec: DesiredImage | DesiredGroup, kind: Kind, retags: Iterable[Retag], tagged: frozenset[str]
) -> PlanPart:
    """One change for all resources of a spec that take the same tags. There is seldom more than one. `tagged`
    are the ids of resources that have carried their marks before."""
    known = [replace(one, adopt=one.adopt and one.thing.id not in tagged) for one in retags]
    alike = gather(((one.adopt, one.set, one.unset), one) for one in known)
    changes = []
    numbers = {adopt: sum(key[0] is adopt for key in alike) for adopt in (True, False)}
    for (adopt, _, _), group in alike.items():
        action = Action.ADOPT if adopt else Action.UPDATE
        plain = f"{action} {spec.address}"
        name = plain if numbers[adopt] == 1 else f"{plain} {group[0].thing.id}"
        changes.append(change_tags(name, spec.address, kind, group))
    return PlanPart(tuple(changes))


def change_tags(name: str, address: Address, kind: Kind, retags: tuple[Retag, ...]) -> Change:
    """The change that gives several resources the same tags."""
    first = retags[0]
    resources = tuple(one.thing.id for one in retags)
    number = max(1, sum(not isinstance(one.thing, Snapshot) for one in retags))
    if first.adopt:
        work: AdoptWork | UpdateWork = AdoptWork(resources, dict(first.set))
        return Change(name, address, kind, Action.ADOPT, number, "made before it could be tagged", work)
    work = UpdateWork(resources, dict(first.set), first.unset)
    fields = tag_fields(first)
    reason = "; ".join(filter(None, (missing_reason(first), update_reason(fields)))) or "tags differ"
    return Change(name, address, kind, Action.UPDATE, number, reason, work, fields=fields)


def missing_reason(one: Retag) -> str:
    """`extenci:stack is missing`, `5 marks are missing`; "" where none is."""
    gone = [key for key, _ in one.set if key not in one.thing.tags and key.startswith(PREFIX)]
    marks = [key for key in gone if key not in OWN_MARKS]
    if not marks:
        return ""
    shown = listed(marks) if len(marks) <= FEW_MARKS else counted(len(marks), "mark")
    return f"{shown} {'is' if len(marks) == 1 else 'are'} missing"


def tag_fields(one: Retag) -> tuple[FieldChange, ...]:
    """The fields of the spec in which the tags of a resource differ from it."""
    wanted = {key: value for key, value in one.thing.tags.items() if key not in one.unset} | dict(one.set)
    return differences(mark_fields(one.thing.tags), mark_fields(wanted))


def update_reason(fields: tuple[FieldChange, ...]) -> str:
    """`tags differ`, `protect differs`, `protect and tags differ`; "" where no field does."""
    names = list(dict.fromkeys(field.path.partition(".")[0] for field in fields))
    if not names:
        return ""
    verb = "differs" if len(names) == 1 and names != ["tags"] else "differ"
    return f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} {verb}"

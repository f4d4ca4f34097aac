"""Who owns a resource: by its tags, or by the records, as the service's tagging mode decides. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from extenci.model.abilities import Ability
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.observed import Image, Job, Machine, ServiceState, Snapshot, SnapshotState
from extenci.model.ownership import (
    LASTING_MARKS,
    MARK_KEYS,
    OWNER_CHARACTERS,
    STACK,
    Marks,
    Role,
    owner_code,
    read_marks,
)
from extenci.model.record import SUBMIT, Records, ResourceKind
from extenci.model.service import Tagging
from extenci.observe.visibility import made_lately

Resource = TypeVar("Resource", Image, Snapshot, Machine)
Tags = Mapping[str, str]
Owners = Mapping[str, Tags]
"""The tags of machines that are launched for the addresses of specs, by their `owner_code`."""


@dataclass(frozen=True)
class KnownResources:
    """The resources of one service that this catalog knows as owned: their tags by id, by client token and by
    image name; the ids of machines and snapshots. `by_owner` tells the machines that other homes launched and
    did not live to tag. `expected` are the ids of what records, jobs, or calls of
    the last moments say is there, whether or not lists by tags show it: the tags may be late, or somebody has
    removed them."""

    by_id: Mapping[str, Tags]
    by_token: Mapping[str, Tags]
    by_name: Mapping[str, Tags]
    machines: frozenset[str]
    snapshots: frozenset[str]
    expected: frozenset[str] = frozenset()
    by_owner: Owners = field(default_factory=dict)

    def tags_of(self, machine: Machine) -> Tags | None:
        """The tags of a machine, as far as they are known here."""
        by_call = self.by_id.get(machine.id) or self.by_token.get(machine.token)
        return by_call or self.by_owner.get(machine.token[:OWNER_CHARACTERS])

    def unseen(self, ids: frozenset[str], found: Iterable[Machine | Snapshot]) -> frozenset[str]:
        """Those of some ids that are expected, and that a list by tags did not show."""
        return (ids & self.expected) - {one.id for one in found}


def known_resources(
    service: str,
    records: Records,
    jobs: Sequence[Job] = (),
    *,
    now: float = 0.0,
    owners: Owners | None = None,
) -> KnownResources:
    """The owned resources of a service by records, journal and jobs, whatever tags they carry. `now` is in
    seconds since the epoch."""
    recorded = [record for record in records.resources if record.service == service]
    intents = [intent for intent in records.intents if intent.service == service and intent.tags]
    by_id: dict[str, Tags] = {}
    for intent in intents:
        by_id.update(dict.fromkeys(intent.made, intent.tags))
    by_token = {one.token: one.tags for one in intents if one.call == "RunInstances" and one.token}
    submitted = {one.token: one.tags for one in intents if one.call == SUBMIT and one.token}
    for job in jobs:
        tags = submitted.get(job.token) or (job.marks.to_tags() if job.marks else {})
        by_id.update({job.machine: tags} if job.machine and tags else {})
        by_token.update({job.client_token: tags} if job.client_token and tags else {})
    by_id.update({record.id: record.tags for record in recorded})
    kinds = {record.id: record.kind for record in recorded}
    starts = ("StartSnapshot", "ImportSnapshot")
    started = {id_ for intent in intents if intent.call in starts for id_ in intent.made}
    launched = {id_ for intent in intents if intent.call == "RunInstances" for id_ in intent.made}
    held = {job.machine for job in jobs if job.machine}
    return KnownResources(
        by_id=by_id,
        by_token=by_token,
        by_name={one.token: one.tags for one in intents if one.call == "RegisterImage" and one.token},
        machines=frozenset(
            launched | held | {id_ for id_, kind in kinds.items() if kind is ResourceKind.MACHINE}
        ),
        snapshots=frozenset(started | {id_ for id_, kind in kinds.items() if kind is ResourceKind.SNAPSHOT}),
        expected=frozenset(kinds.keys() | held) - records.removed | made_lately(service, records, now),
        by_owner=owners or {},
    )


def owners_of(desired: Desired, service: str) -> Owners:
    """The owners of the machines that the specs ask for on a service."""
    groups = ((spec.address, Role.POOL) for spec in desired.instances)
    tests = ((spec.address, Role.TEST) for spec in desired.images if spec.verify)
    return {
        owner_code(desired.stack, address, role): Marks(desired.stack, service, address.name, role).to_tags()
        for address, role in (*groups, *tests)
        if address.service == service
    }


TaggingOf = Callable[[Ability], Tagging]
"""When a kind of resource gets its tags, by the ability to set them at creation."""


def assign(state: ServiceState, tagging: TaggingOf, known: KnownResources) -> ServiceState:
    """A service's state with the marks of everything that is owned there."""
    images = (_image_tags(image, known) for image in state.images)
    machines = map(known.tags_of, state.machines)
    snapshots = (known.by_id.get(one.id) for one in state.snapshots)
    return replace(
        state,
        images=_marked(state.images, images, tagging(Ability.TAG_IMAGE), known.expected),
        snapshots=_marked(state.snapshots, snapshots, tagging(Ability.TAG_SNAPSHOT), known.expected),
        machines=_marked(state.machines, machines, tagging(Ability.TAG_INSTANCE), known.expected),
    )


def _image_tags(image: Image, known: KnownResources) -> Tags | None:
    return known.by_id.get(image.id) or known.by_name.get(image.name)


def _marked(
    resources: tuple[Resource, ...],
    known: Iterable[Tags | None],
    tagging: Tagging,
    expected: frozenset[str],
) -> tuple[Resource, ...]:
    return tuple(
        _mark(resource, tags, tagging, resource.id in expected)
        for resource, tags in zip(resources, known, strict=True)
    )


def _mark(resource: Resource, known: Tags | None, tagging: Tagging, is_expected: bool) -> Resource:
    """A resource's own tags come first, and the catalog tells those that are missing; with `create` only of
    what is expected. With `none` only the catalog's knowledge counts."""
    if tagging is Tagging.NONE:
        return replace(resource, marks=read_marks(known) if known else None)
    if not known or (tagging is Tagging.CREATE and not is_expected):
        return resource
    return replace(resource, marks=read_marks(restore_marks(resource.tags, known)))


def restore_marks(tags: Tags, known: Tags) -> Tags:
    """The tags of a resource with the known marks that are missing; unchanged where another stack has marked
    it since. The value of no tag is changed, and of a resource that is still known as owned, only marks that
    never change are restored."""
    if tags.get(STACK, known.get(STACK)) != known.get(STACK):
        return tags
    keys = MARK_KEYS if read_marks(tags) is None else LASTING_MARKS
    return {**{key: known[key] for key in keys if key in known}, **tags}


def with_own_snapshots(images: Iterable[Image], snapshots: Collection[Snapshot]) -> Iterator[Image]:
    """Images with the snapshots that they stand on, as far as the marks tell more than the service does.

    Some services name another snapshot than the one that an image was registered from, or none. Then owned
    snapshots of the same content and address may be in use, and count as such.
    """
    owned = {snapshot.id for snapshot in snapshots if snapshot.marks}
    content: dict[tuple[Address, str], list[str]] = defaultdict(list)
    for snapshot in sorted(snapshots, key=lambda one: one.id):
        if snapshot.marks and snapshot.marks.digest and snapshot.state is SnapshotState.COMPLETED:
            content[snapshot.marks.address, snapshot.marks.digest].append(snapshot.id)
    for image in images:
        marks = image.marks
        if marks is None or image.manifest is not None or owned.intersection(image.snapshots):
            yield image
        else:
            own = content.get((marks.address, str(marks.digest)), ())
            yield replace(image, snapshots=(*image.snapshots, *own))

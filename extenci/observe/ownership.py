"""Who owns a resource: by its tags, or by the records, as the service's tagging mode decides. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from extenci.model.abilities import Ability
from extenci.model.address import Address
from extenci.model.observed import Image, Job, Machine, ServiceState, Snapshot, SnapshotState
from extenci.model.ownership import read_marks
from extenci.model.record import SUBMIT, Records, ResourceKind
from extenci.model.service import Tagging
from extenci.observe.visibility import made_lately

Resource = TypeVar("Resource", Image, Snapshot, Machine)
Tags = Mapping[str, str]


@dataclass(frozen=True)
class KnownResources:
    """The resources of one service that this catalog knows as owned: their tags by id, by client token and by
    image name; the ids of machines and snapshots. `recent` are the ids of what was made so lately that lists
    may lack it, or its tags."""

    by_id: Mapping[str, Tags]
    by_token: Mapping[str, Tags]
    by_name: Mapping[str, Tags]
    machines: frozenset[str]
    snapshots: frozenset[str]
    recent: frozenset[str] = frozenset()


def known_resources(
    service: str, records: Records, jobs: Sequence[Job] = (), *, now: float = 0.0
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
        recent=made_lately(service, records, now),
    )


TaggingOf = Callable[[Ability], Tagging]
"""When a kind of resource gets its tags, by the ability to set them at creation."""


def assign(state: ServiceState, tagging: TaggingOf, known: KnownResources) -> ServiceState:
    """A service's state with the marks of everything that is owned there."""
    images = (_image_tags(image, known) for image in state.images)
    machines = (known.by_id.get(one.id) or known.by_token.get(one.token) for one in state.machines)
    snapshots = (known.by_id.get(one.id) for one in state.snapshots)
    return replace(
        state,
        images=_marked(state.images, images, tagging(Ability.TAG_IMAGE), known.recent),
        snapshots=_marked(state.snapshots, snapshots, tagging(Ability.TAG_SNAPSHOT), known.recent),
        machines=_marked(state.machines, machines, tagging(Ability.TAG_INSTANCE), known.recent),
    )


def _image_tags(image: Image, known: KnownResources) -> Tags | None:
    return known.by_id.get(image.id) or known.by_name.get(image.name)


def _marked(
    resources: tuple[Resource, ...], known: Iterable[Tags | None], tagging: Tagging, recent: frozenset[str]
) -> tuple[Resource, ...]:
    return tuple(
        _mark(resource, tags, tagging, resource.id in recent)
        for resource, tags in zip(resources, known, strict=True)
    )


def _mark(resource: Resource, known: Tags | None, tagging: Tagging, is_recent: bool) -> Resource:
    """With `after`, and where tags may be late, a resource's own tags come first; with `none` only the
    catalog's knowledge counts, and with `create` only the tags."""
    if tagging is not Tagging.NONE and resource.marks is not None:
        return resource
    if tagging is Tagging.CREATE and not is_recent:
        return resource
    return replace(resource, marks=read_marks(known) if known else None)


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

"""Whose a thing is, by what the service's tagging mode makes the truth. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from extenci.model.observed import Image, Job, Machine, ServiceState, Snapshot
from extenci.model.ownership import read_marks
from extenci.model.record import SUBMIT, Intent, Records, ResourceKind
from extenci.model.service import Service, Tagging

Thing = TypeVar("Thing", Image, Snapshot, Machine)
Tags = Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """What this catalog knows to be owned on one service: tags by id, by client token, by image name."""

    by_id: Mapping[str, Tags]
    by_token: Mapping[str, Tags]
    by_name: Mapping[str, Tags]
    machines: frozenset[str]
    snapshots: frozenset[str]


def know(service: str, records: Records, jobs: Sequence[Job] = ()) -> Known:
    """What records, journal and jobs say of a service's things, whatever tags they carry."""
    recorded = [record for record in records.resources if record.service == service]
    intents = [intent for intent in records.intents if intent.service == service and intent.tags]
    by_id: dict[str, Tags] = {}
    for intent in intents:
        by_id.update(dict.fromkeys(_made(intent), intent.tags))
    by_token = {one.token: one.tags for one in intents if one.call == "RunInstances" and one.token}
    submitted = {one.token: one.tags for one in intents if one.call == SUBMIT and one.token}
    for job in jobs:
        tags = submitted.get(job.token) or (job.marks.to_tags() if job.marks else {})
        by_id.update({job.machine: tags} if job.machine and tags else {})
        by_token.update({job.client_token: tags} if job.client_token and tags else {})
    by_id.update({record.id: record.tags for record in recorded})
    kinds = {record.id: record.kind for record in recorded}
    starts = ("StartSnapshot", "ImportSnapshot")
    started = {id_ for intent in intents if intent.call in starts for id_ in _made(intent)}
    launched = {id_ for intent in intents if intent.call == "RunInstances" for id_ in _made(intent)}
    held = {job.machine for job in jobs if job.machine}
    return Known(
        by_id=by_id,
        by_token=by_token,
        by_name={one.token: one.tags for one in intents if one.call == "RegisterImage" and one.token},
        machines=frozenset(
            launched | held | {id_ for id_, kind in kinds.items() if kind is ResourceKind.MACHINE}
        ),
        snapshots=frozenset(started | {id_ for id_, kind in kinds.items() if kind is ResourceKind.SNAPSHOT}),
    )


def _made(intent: Intent) -> tuple[str, ...]:
    """The ids that a settled call answered with."""
    result = intent.result or {}
    machines = result.get("machines", ())
    several = tuple(str(id_) for id_ in machines) if isinstance(machines, list | tuple) else ()
    return several + tuple(str(result[key]) for key in ("snapshot", "image") if result.get(key))


def assign(state: ServiceState, service: Service, known: Known) -> ServiceState:
    """A service's state with the marks of everything that is owned there."""
    if service.tags is Tagging.CREATE:
        return state
    images = (_image_tags(image, known) for image in state.images)
    machines = (known.by_id.get(one.id) or known.by_token.get(one.token) for one in state.machines)
    snapshots = (known.by_id.get(one.id) for one in state.snapshots)
    return replace(
        state,
        images=_marked(state.images, images, service),
        snapshots=_marked(state.snapshots, snapshots, service),
        machines=_marked(state.machines, machines, service),
    )


def _image_tags(image: Image, known: Known) -> Tags | None:
    return known.by_id.get(image.id) or known.by_name.get(image.name)


def _marked(things: tuple[Thing, ...], known: Iterable[Tags | None], service: Service) -> tuple[Thing, ...]:
    return tuple(_mark(thing, tags, service) for thing, tags in zip(things, known, strict=True))


def _mark(thing: Thing, known: Tags | None, service: Service) -> Thing:
    """With `after` a thing's own tags count first; with `none` only what is known of it here does."""
    marks = read_marks(known) if known else None
    if service.tags is Tagging.AFTER and thing.marks is not None:
        return thing
    return replace(thing, marks=marks)

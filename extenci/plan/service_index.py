"""The resources of one service, indexed once, so that each question afterwards is a look-up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.observed import Image, Job, Machine, QueueFacts, ServiceState, Snapshot
from extenci.model.ownership import Marks, Role
from extenci.model.service import Service

T = TypeVar("T", Image, Snapshot, Machine)


@dataclass(frozen=True)
class ServiceIndex:
    """The resources of one service. `owned_*` holds this stack's resources of role `pool` only, sorted by id,
    and `tests` its test VMs. `machines` are those not `gone`; `named` are images by name, `users` the images
    of the account that use a snapshot, and `run_from` the machines that run from an image. `content` and
    `registered` are owned snapshots and images by digest."""

    service: Service
    images: Mapping[str, Image]
    snapshots: Mapping[str, Snapshot]
    machines: Mapping[str, Machine]
    gone: Mapping[str, Machine]
    named: Mapping[str, tuple[Image, ...]]
    users: Mapping[str, tuple[Image, ...]]
    run_from: Mapping[str, tuple[Machine, ...]]
    owned_images: Mapping[Address, tuple[Image, ...]]
    owned_snapshots: tuple[Snapshot, ...]
    owned_machines: Mapping[Address, tuple[Machine, ...]]
    content: Mapping[str, tuple[Snapshot, ...]]
    registered: Mapping[str, tuple[Image, ...]]
    tests: Mapping[Address, tuple[Machine, ...]]
    queue: QueueFacts | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that hold machines, or are to start some."""
        return tuple(machine.job for machine in self.machines.values() if machine.job)


def index_service(desired: Desired, state: ServiceState) -> ServiceIndex:
    """Index what one service reports."""
    snapshots = sorted(state.snapshots, key=lambda snapshot: snapshot.id)
    images = sorted(state.images, key=lambda image: image.id)
    machines = sorted(state.machines, key=lambda machine: machine.id)
    live = [machine for machine in machines if not machine.state.is_gone]
    scope = (desired.stack, state.service)
    owned_images = by_address(images, *scope)
    owned_snapshots = tuple(thing for thing in snapshots if is_planned(thing.marks, *scope))
    owned = (image for images in owned_images.values() for image in images)
    return ServiceIndex(
        service=desired.services[state.service],
        images={image.id: image for image in images},
        snapshots={snapshot.id: snapshot for snapshot in snapshots},
        machines={machine.id: machine for machine in live},
        gone={machine.id: machine for machine in machines if machine.state.is_gone},
        named=gather((image.name, image) for image in images),
        users=gather((snapshot, image) for image in images for snapshot in sorted(set(image.snapshots))),
        run_from=gather((machine.image, machine) for machine in live),
        owned_images=owned_images,
        owned_snapshots=owned_snapshots,
        owned_machines=by_address(live, *scope),
        content=by_digest(owned_snapshots),
        registered=by_digest(owned),
        tests=gather(
            (marks.address, machine)
            for machine in live
            if has_role(marks := machine.marks, Role.TEST, *scope)
        ),
        queue=state.queue,
    )


def is_planned(marks: Marks | None, stack: str, service: str | None = None) -> TypeGuard[Marks]:
    """Whether marks are of a resource that a stack's plans look after (role `pool`), on one service if it is
    named."""
    return has_role(marks, Role.POOL, stack, service)


def has_role(marks: Marks | None, role: Role, stack: str, service: str | None = None) -> TypeGuard[Marks]:
    """Whether marks are of a stack and a role, and of one service if it is named."""
    if marks is None or service not in (None, marks.service):
        return False
    return (marks.stack, marks.role) == (stack, role)


def by_address(things: Iterable[T], stack: str, service: str) -> dict[Address, tuple[T, ...]]:
    """The resources that plans look after, by address."""
    return gather((t.marks.address, t) for t in things if is_planned(t.marks, stack, service))


def by_digest(things: Iterable[T]) -> dict[str, tuple[T, ...]]:
    """Resources by the digest in their marks."""
    return gather((thing.marks.digest, thing) for thing in things if thing.marks and thing.marks.digest)


K = TypeVar("K")
V = TypeVar("V")


def gather(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    """All values of each key, in the order they came."""
    lists: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        lists[key].append(value)
    return {key: tuple(values) for key, values in lists.items()}


def newest_first(images: Iterable[Image]) -> tuple[Image, ...]:
    """Images from the one that was registered last to the first; those of one moment by their ids."""
    return tuple(sorted(images, key=lambda image: (image.created, image.id), reverse=True))

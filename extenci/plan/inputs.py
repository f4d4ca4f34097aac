"""Everything a plan is made from, indexed once, so that each question afterwards is a look-up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from extenci.model.address import Address, Launch, Role
from extenci.model.desired import Desired, DesiredGroup, DesiredImage
from extenci.model.observed import Image, Job, Machine, Observation, QueueFacts, ServiceState, Snapshot
from extenci.model.ownership import Marks, read_marks
from extenci.model.record import SUBMIT, Records, ResourceRecord
from extenci.model.service import Service
from extenci.model.version import Disk

T = TypeVar("T", Image, Snapshot, Machine)


@dataclass(frozen=True)
class ServiceIndex:
    """What is on one service. `owned_*` holds this stack's resources of role `pool` only, sorted by
    id, `tests` its test VMs; `machines` are those not gone; `users` are the images of the account that use a
    snapshot; `content` and `registered` are owned snapshots and images by digest."""

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


@dataclass(frozen=True)
class PlanInputs:
    """The inputs of a plan. `stocks` has the services that the selection touches, in order of their
    names; `images` and `groups` are all specs, selected or not; `pinned` are images by their
    `sha256`; `trials` has the hash of each image's verify block and its files; `again` are
    addresses whose verdict is asked for anew."""

    desired: Desired
    disks: Mapping[Address, Disk]
    records: Records
    now: float
    destroy: bool
    indexes: Mapping[str, ServiceIndex]
    images: Mapping[Address, DesiredImage]
    groups: Mapping[Address, DesiredGroup]
    recorded: Mapping[Address, tuple[ResourceRecord, ...]]
    pinned: Mapping[str, tuple[DesiredImage, ...]]
    verify_hashes: Mapping[Address, str] = field(default_factory=dict)
    again: frozenset[Address] = frozenset()

    def covers(self, address: Address) -> bool:
        """Whether changes of an address belong to the plan."""
        return self.desired.selection.covers(address)

    def images_on(self, service: str) -> tuple[DesiredImage, ...]:
        """The images desired on a service, selected or not."""
        return tuple(spec for address, spec in self.images.items() if address.service == service)

    def groups_on(self, service: str) -> tuple[DesiredGroup, ...]:
        """The instance groups desired on a service, selected or not."""
        return tuple(spec for address, spec in self.groups.items() if address.service == service)

    @property
    def removal_reason(self) -> str:
        """Why things that nothing asks for are removed."""
        return "destroy" if self.destroy else "no longer in the specs"

    def applied(self, address: Address) -> Mapping[str, object] | None:
        """The fields of an address's spec when it was last fully applied, if that is known."""
        record = self.records.applied.get(address)
        return record.fields if record else None

    def lasting_groups(self, service: str) -> tuple[DesiredGroup, ...]:
        """The groups of a service that are still desired once the plan is done."""
        groups = self.groups_on(service)
        return tuple(spec for spec in groups if not (self.destroy and self.covers(spec.address)))


def gather_inputs(
    desired: Desired,
    disks: Mapping[Address, Disk],
    observation: Observation,
    records: Records,
    now: float,
    destroy: bool,
    verify_hashes: Mapping[Address, str] | None = None,
    again: frozenset[Address] = frozenset(),
) -> PlanInputs:
    """Index the inputs of a plan; the order in which they come makes no difference afterwards."""
    names = [name for name in desired.touched_services if name in observation.services]
    images = sorted(desired.images, key=lambda spec: spec.address)
    return PlanInputs(
        desired=desired,
        disks=disks,
        records=records,
        now=now,
        destroy=destroy,
        indexes={name: index_service(desired, observation.services[name]) for name in names},
        images={spec.address: spec for spec in images},
        groups={spec.address: spec for spec in sorted(desired.instances, key=lambda spec: spec.address)},
        pinned=gather((spec.sha256, spec) for spec in images if spec.sha256),
        recorded=group_by_address(records.resources),
        verify_hashes=verify_hashes or {},
        again=again,
    )


QUEUED = frozenset(str(launch) for launch in Launch if launch.has_queue)
"""How specs call the engines that have a queue."""


def queued_services(desired: Desired, records: Records) -> frozenset[str]:
    """The touched services whose HTCondor may have jobs of the stack: it launches there, is desired to, or
    did so by the records."""
    named = {name for name, service in desired.services.items() if service.condor is not None}
    wanted = {spec.address.service for spec in desired.instances if spec.launch.has_queue}
    tried = {
        spec.address.service
        for spec in desired.images
        if spec.verify is not None and spec.verify.launch.has_queue
    }
    known = {
        address.service
        for address, applied in records.applied.items()
        if applied.fields.get("launch") in QUEUED
    }
    submitted = {intent.service for intent in records.intents if intent.call == SUBMIT}
    return frozenset((named | wanted | tried | known | submitted) & set(desired.touched_services))


def index_service(desired: Desired, state: ServiceState) -> ServiceIndex:
    """Index what one service reports."""
    images = sorted(state.images, key=lambda image: image.id)
    snapshots = sorted(state.snapshots, key=lambda snapshot: snapshot.id)
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
            if (marks := machine.marks) and is_of(marks, *scope, Role.TEST)
        ),
        queue=state.queue,
    )


def is_planned(marks: Marks | None, stack: str, service: str) -> bool:
    """Whether marks are of this stack and service, and of what plans look after (not `test`, `manual`)."""
    return marks is not None and is_of(marks, stack, service, Role.POOL)


def is_of(marks: Marks, stack: str, service: str, role: Role) -> bool:
    """Whether marks are of a stack and service, in one role."""
    return (marks.stack, marks.service, marks.role) == (stack, service, role)


def by_address(things: Iterable[T], stack: str, service: str) -> dict[Address, tuple[T, ...]]:
    """The things that plans look after, by their address."""
    pairs = ((t.marks.address, t) for t in things if t.marks and is_planned(t.marks, stack, service))
    return gather(pairs)


def by_digest(things: Iterable[T]) -> dict[str, tuple[T, ...]]:
    """Things by the digest that their marks say."""
    return gather((thing.marks.digest, thing) for thing in things if thing.marks and thing.marks.digest)


K = TypeVar("K")
V = TypeVar("V")


def gather(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    """All values of each key, in the order they came."""
    lists: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        lists[key].append(value)
    return {key: tuple(values) for key, values in lists.items()}


def group_by_address(resources: Iterable[ResourceRecord]) -> dict[Address, tuple[ResourceRecord, ...]]:
    """The records that plans look after, by their address."""
    ordered = sorted(resources, key=lambda record: (record.service, record.kind, record.id))
    return gather((record.address, record) for record in ordered if recorded_role(record) is Role.POOL)


def recorded_role(record: ResourceRecord) -> Role:
    """What a recorded resource is there for; records without marks are a plan's own."""
    marks = read_marks(record.tags)
    return marks.role if marks else Role.POOL


def newest_image(images: Iterable[Image]) -> Image | None:
    """The image that was registered last, None where there is none."""
    return max(images, key=image_age, default=None)


def image_age(image: Image) -> tuple[str, str]:
    """A key that sorts images from the oldest to the newest, and is the same for the same image."""
    return image.created, image.id

"""Everything that a plan is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage
from extenci.model.launch import Launch
from extenci.model.observed import Observation
from extenci.model.ownership import Role, read_marks
from extenci.model.record import SUBMIT, Records, ResourceRecord
from extenci.model.version import Disk
from extenci.plan.service_index import ServiceIndex, gather, index_service


@dataclass(frozen=True)
class PlanInputs:
    """The inputs of a plan. `indexes` has the services that the selection touches, in order of their names;
    `images` and `groups` are all that is desired, selected or not; `recorded` are the records that plans look
    after, by address; `pinned` are images by their `sha256`. `verify_hashes` has the hash of each image's
    verify block and its files; `again` are addresses to verify although there is a verdict. `now` is in
    seconds since the epoch."""

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

    def without(self, addresses: Iterable[Address]) -> PlanInputs:
        """The inputs with more addresses excluded."""
        desired = replace(self.desired, selection=self.desired.selection.without(addresses))
        return replace(self, desired=desired)

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
    observation: Observation,
    records: Records,
    *,
    disks: Mapping[Address, Disk] | None = None,
    now: float = 0.0,
    destroy: bool = False,
    verify_hashes: Mapping[Address, str] | None = None,
    again: frozenset[Address] = frozenset(),
) -> PlanInputs:
    """Index the inputs of a plan. Their order makes no difference."""
    names = [name for name in desired.touched_services if name in observation.services]
    images = sorted(desired.images, key=lambda spec: spec.address)
    return PlanInputs(
        desired=desired,
        disks=disks or {},
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
"""The names that specs have for engines with a queue."""


def queued_services(desired: Desired, records: Records) -> frozenset[str]:
    """The touched services of which a queue may hold jobs of the stack: by the service file, the specs, the
    records, or a submission that was not recorded."""
    named = {name for name, service in desired.services.items() if service.condor is not None}
    pools = {spec.address.service for spec in desired.instances if spec.launch.has_queue}
    test_vms = {
        spec.address.service for spec in desired.images if spec.verify and spec.verify.launch.has_queue
    }
    known = {
        address.service
        for address, applied in records.applied.items()
        if applied.fields.get("launch") in QUEUED
    }
    submitted = {intent.service for intent in records.intents if intent.call == SUBMIT}
    return frozenset((named | pools | test_vms | known | submitted) & set(desired.touched_services))


def group_by_address(resources: Iterable[ResourceRecord]) -> dict[Address, tuple[ResourceRecord, ...]]:
    """The records of resources that plans look after, by address."""
    ordered = sorted(resources, key=lambda record: (record.service, record.kind, record.id))
    return gather((record.address, record) for record in ordered if recorded_role(record) is Role.POOL)


def recorded_role(record: ResourceRecord) -> Role:
    """The role of a recorded resource. Records without marks are of the role `pool`."""
    marks = read_marks(record.tags)
    return marks.role if marks else Role.POOL

"""Drift: differences on a service that no spec asked for. Drift alone makes no change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from extenci.model.address import Address, Kind
from extenci.model.observed import Image, Machine, MachineState, Snapshot
from extenci.model.plan import Drift
from extenci.model.record import ResourceKind, ResourceRecord
from extenci.model.service import Tagging
from extenci.plan.differences import differences
from extenci.plan.fields import LAUNCH_FIELDS, group_fields
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.groups import Group
from extenci.plan.service_index import ServiceIndex

MACHINE_FACTS = ("image", "type", "key_name", "subnet", "availability_zone", "instance_profile")
"""The facts of a machine that are both recorded and reported, under the names of `Machine`'s fields."""


def find_drift(inputs: PlanInputs, index: ServiceIndex, groups: tuple[Group, ...]) -> tuple[Drift, ...]:
    """The drift of what is selected on a service, each path of an address once."""
    found = [
        *recorded_drift(inputs, index),
        *stopped_machines(inputs, index),
        *unasked_differences(inputs, groups),
    ]
    first = {(one.address, one.path): one for one in reversed(found)}
    return tuple(sorted(first.values(), key=lambda one: (one.address, one.kind, one.path)))


def recorded_drift(inputs: PlanInputs, index: ServiceIndex) -> Iterator[Drift]:
    """Resources that differ from their records."""
    snapshots = {snapshot.id: snapshot for snapshot in index.owned_snapshots}
    for address, records in inputs.recorded.items():
        if address.service != index.service.name or not inputs.covers(address):
            continue
        for record in records:
            match record.kind:
                case ResourceKind.MACHINE:
                    yield from machine_drift(index, record)
                case ResourceKind.IMAGE:
                    yield from thing_drift(index, record, index.images.get(record.id), "deregistered")
                case ResourceKind.SNAPSHOT:
                    yield from thing_drift(index, record, snapshots.get(record.id), "deleted")


def machine_drift(index: ServiceIndex, record: ResourceRecord) -> Iterator[Drift]:
    """A recorded machine that is gone, or that has changed."""
    path, before = f"machines.{record.id}", record.facts.get("state") or "running"
    machine = index.machines.get(record.id)
    if machine is None:
        gone = index.gone.get(record.id)
        after = describe_state(gone) if gone else "not found"
        yield Drift(record.address, Kind.INSTANCES, path, before, after)
        return
    facts = {name: getattr(machine, name) for name in MACHINE_FACTS if name in record.facts}
    for field in differences(record.facts, facts, facts):
        yield Drift(record.address, Kind.INSTANCES, f"{path}.{field.path}", field.before, field.after)
    if machine.exists:  # a job that waits has nothing yet that could carry tags
        yield from tag_drift(index, record, machine.tags, Kind.INSTANCES)


def thing_drift(
    index: ServiceIndex, record: ResourceRecord, thing: Image | Snapshot | None, gone: str
) -> Iterator[Drift]:
    """A recorded image or snapshot that is gone, or carries other tags."""
    if thing is None:
        before = record.facts.get("state") or "staged"
        yield Drift(record.address, Kind.IMAGE, f"{record.kind}s.{record.id}", before, gone)
        return
    yield from tag_drift(index, record, thing.tags, Kind.IMAGE)


def tag_drift(
    index: ServiceIndex, record: ResourceRecord, tags: Mapping[str, str], kind: Kind
) -> Iterator[Drift]:
    """Tags that were put on a resource, and are gone or changed."""
    if index.service.tags is Tagging.NONE:
        return
    for field in differences(record.tags, tags, sorted(record.tags)):
        path = f"{record.kind}s.{record.id}.tags.{field.path}"
        yield Drift(record.address, kind, path, field.before, field.after)


def stopped_machines(inputs: PlanInputs, index: ServiceIndex) -> Iterator[Drift]:
    """Machines that nobody stopped through extenci, which never stops one."""
    for address, machines in index.owned_machines.items():
        if inputs.covers(address):
            for machine in machines:
                if machine.state in (MachineState.STOPPING, MachineState.STOPPED):
                    after = describe_state(machine)
                    yield Drift(address, Kind.INSTANCES, f"machines.{machine.id}", "running", after)


def unasked_differences(inputs: PlanInputs, groups: tuple[Group, ...]) -> Iterator[Drift]:
    """Machines that differ from their specs, although the specs have not changed since they were last fully
    applied. A new version of the image is no drift, since a disk's content is not in the specs; nor is a
    machine that is settling."""
    for group in groups:
        address = group.spec.address
        applied = inputs.applied(address)
        if applied is None or differences(applied, group_fields(group.spec), LAUNCH_FIELDS):
            continue
        for member in group.members:
            for field in () if member.health.settling else member.outdated:
                if field.path != "image" or not isinstance(group.spec.image, Address):
                    path = f"machines.{member.machine.id}.{field.path}"
                    yield Drift(address, Kind.INSTANCES, path, field.after, field.before)


def describe_state(machine: Machine) -> str:
    """A machine's state, with the service's reason for it."""
    return f"{machine.state}: {machine.reason}" if machine.reason else str(machine.state)

"""The status of a stack: desired, recorded and observed state side by side."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Address
from extenci.model.desired import Desired, ImageId
from extenci.model.observed import Image, ImageState, JobState, Machine, Observation
from extenci.model.ownership import Marks, settings_mark
from extenci.model.record import Records, ResourceKind
from extenci.model.status import ImageStatus, InstancesStatus, MachineStatus, StackStatus
from extenci.model.verdict import VerdictMark
from extenci.model.version import Disk
from extenci.plan.commands.verification_status import find_refused, find_test_vms
from extenci.plan.images.content import Content, find_content, says
from extenci.plan.images.lookup import preference
from extenci.plan.images.source import ImageSource, Staged, Unavailable
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.instances.groups import find_image_source
from extenci.plan.instances.outdated import outdated_fields
from extenci.plan.service_index import ServiceIndex, newest_first


def make_status(
    desired: Desired, disks: Mapping[Address, Disk], observation: Observation, records: Records
) -> StackStatus:
    """The status of every selected image and instance group, including those that are owned but no longer
    desired. Services that were not observed are left out."""
    inputs = gather_inputs(desired, observation, records, disks=disks)
    sources = {name: find_image_sources(inputs, index) for name, index in inputs.indexes.items()}
    return StackStatus(
        stack=desired.stack,
        unread=observation.unread,
        services=tuple(inputs.indexes),
        images=tuple(
            image_status(inputs, index, address, sources[name].get(address))
            for name, index in inputs.indexes.items()
            for address in covered(
                inputs, {spec.address for spec in inputs.images_on(name)} | index.owned_images.keys()
            )
        ),
        instances=tuple(
            instances_status(inputs, index, address, sources[name])
            for name, index in inputs.indexes.items()
            for address in covered(
                inputs, {spec.address for spec in inputs.groups_on(name)} | index.owned_machines.keys()
            )
        ),
        test_vms=tuple(one for index in inputs.indexes.values() for one in find_test_vms(inputs, index)),
        refused=tuple(one for index in inputs.indexes.values() for one in find_refused(inputs, index)),
    )


def covered(inputs: PlanInputs, addresses: set[Address]) -> list[Address]:
    """The selected addresses in order."""
    return sorted(address for address in addresses if inputs.covers(address))


def find_image_sources(inputs: PlanInputs, index: ServiceIndex) -> dict[Address, ImageSource]:
    """The source of each desired image of a service: staged, or unavailable."""
    found: dict[Address, ImageSource] = {}
    for spec in inputs.images_on(index.service.name):
        content = find_content(inputs, index, spec)
        found[spec.address] = find_staged(index, spec.address, content)
    return found


def find_staged(index: ServiceIndex, address: Address, content: Content | str) -> ImageSource:
    """The image of a wanted version, whatever its state."""
    if isinstance(content, str):
        return Unavailable(content)
    version = content.version
    same = [image for image in index.owned_images.get(address, ()) if says(image, version)]
    if not same:
        return Unavailable("not staged", str(version))
    best = min(same, key=lambda image: (image.state is ImageState.FAILED, *preference(image, index)))
    return Staged(best, str(version), version.digest)


def image_status(
    inputs: PlanInputs, index: ServiceIndex, address: Address, source: ImageSource | None
) -> ImageStatus:
    """The status of one image: of the wanted version, else of the newest one."""
    owned = newest_first(index.owned_images.get(address, ()))
    current = source.image if isinstance(source, Staged) else None
    shown = current or next(iter(owned), None)
    marks = shown.marks if shown else None
    disk = inputs.disks.get(address) if address in inputs.images else None
    return ImageStatus(
        address=address,
        digest=disk.digest if disk else (marks.digest if marks else None),
        id=shown.id if shown else None,
        snapshot=next(iter(shown.snapshots), None) if shown else None,
        state=image_state(current, shown, address in inputs.images, knows_version(source)),
        verdict=known_verdict(inputs, address, marks),
        older=tuple(image.id for image in owned if image != shown),
    )


def known_verdict(inputs: PlanInputs, address: Address, marks: Marks | None) -> str | None:
    """The verdict of the version that is shown, under whatever verify block: from its tag, else from the
    records."""
    if marks is None:
        return None
    if mark := VerdictMark.parse(marks.verdict):
        return str(mark.verdict)
    known = [
        one.verdict
        for one in inputs.records.verdicts
        if (one.address, one.version) == (address, marks.version)
    ]
    return str(known[-1]) if known else None


def knows_version(source: ImageSource | None) -> bool:
    """Whether the version that a spec asks for is known."""
    return source is not None and source.label is not None


def image_state(current: Image | None, shown: Image | None, is_desired: bool, is_known: bool) -> str:
    """The word for the state of an image."""
    if not is_desired:
        return "not desired"
    if current is None and shown is not None:
        return "outdated" if is_known else "unknown"
    if current is None:
        return "not staged"
    states = {ImageState.AVAILABLE: "staged", ImageState.PENDING: "pending", ImageState.FAILED: "failed"}
    return states[current.state]


def instances_status(
    inputs: PlanInputs, index: ServiceIndex, address: Address, sources: Mapping[Address, ImageSource]
) -> InstancesStatus:
    """The status of one instance group, machine by machine."""
    spec = inputs.groups.get(address)
    source: ImageSource | ImageId | None = find_image_source(spec, sources) if spec else None
    settings = settings_mark(spec) if spec else ""
    machines = index.owned_machines.get(address, ())
    return InstancesStatus(
        address=address,
        wanted=spec.count if spec else 0,
        machines=tuple(
            MachineStatus(
                id=machine.id if machine.exists else "",
                state=machine_state(machine),
                host=machine.host or machine.private_host,
                image=machine.image,
                job=machine.job.id if machine.job else None,
                outdated=bool(spec and source and outdated_fields(machine, spec, source, settings)),
                type=machine.type,
                launched=machine.launched,
            )
            for machine in machines
        ),
        recorded=sum(record.kind is ResourceKind.MACHINE for record in inputs.recorded.get(address, ())),
    )


def machine_state(machine: Machine) -> str:
    """The service's word for the state of a machine, or HTCondor's for that of a job without one. A job may
    not know yet that its machine is gone."""
    if machine.exists or machine.job is None:
        return str(machine.state)
    if machine.job.machine is not None and machine.job.state is JobState.RUNNING:
        return "machine gone"
    return str(machine.job.state)

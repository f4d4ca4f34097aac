"""Desired, recorded and live, side by side."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Address
from extenci.model.desired import ImageId, Wishes
from extenci.model.observed import Image, ImageState, JobState, Machine, Observation
from extenci.model.ownership import Marks, settings_mark
from extenci.model.record import Records, ResourceKind
from extenci.model.status import ImageStatus, InstancesStatus, MachineStatus, StackStatus
from extenci.model.version import Disk
from extenci.plan.images.changes import preference
from extenci.plan.images.content import Content, find_content, says
from extenci.plan.images.source import Provision, Ready, Unready
from extenci.plan.inputs import Scene, Stock, set_scene
from extenci.plan.instances.groups import find_provision
from extenci.plan.instances.outdated import outdated_fields


def make_status(
    wishes: Wishes, disks: Mapping[Address, Disk], observation: Observation, records: Records
) -> StackStatus:
    """How every selected image and instance group stands, those included that are owned but no longer
    wished for. Services that were not observed are left out."""
    scene = set_scene(wishes, disks, observation, records, 0.0, False)
    provisions = {name: find_provisions(scene, stock) for name, stock in scene.stocks.items()}
    return StackStatus(
        stack=wishes.stack,
        services=tuple(scene.stocks),
        images=tuple(
            image_status(scene, stock, address, provisions[name].get(address))
            for name, stock in scene.stocks.items()
            for address in covered(
                scene, {wish.address for wish in scene.images_on(name)} | stock.owned_images.keys()
            )
        ),
        instances=tuple(
            instances_status(scene, stock, address, provisions[name])
            for name, stock in scene.stocks.items()
            for address in covered(
                scene, {wish.address for wish in scene.groups_on(name)} | stock.owned_machines.keys()
            )
        ),
    )


def covered(scene: Scene, addresses: set[Address]) -> list[Address]:
    """The selected addresses in order."""
    return sorted(address for address in addresses if scene.covers(address))


def find_provisions(scene: Scene, stock: Stock) -> dict[Address, Provision]:
    """For each wished image of a service: staged, or not, with the version that is wanted."""
    found: dict[Address, Provision] = {}
    for wish in scene.images_on(stock.service.name):
        content = find_content(scene, stock, wish)
        found[wish.address] = find_staged(stock, wish.address, content)
    return found


def find_staged(stock: Stock, address: Address, content: Content | str) -> Provision:
    """The image of a wanted version, where there is one in whatever state."""
    if isinstance(content, str):
        return Unready(content)
    version = content.version
    same = [image for image in stock.owned_images.get(address, ()) if says(image, version)]
    if not same:
        return Unready("not staged", str(version))
    best = min(same, key=lambda image: (image.state is ImageState.FAILED, *preference(image, stock)))
    return Ready(best, str(version), version.digest)


def image_status(scene: Scene, stock: Stock, address: Address, provision: Provision | None) -> ImageStatus:
    """How one image stands: the wanted version, else the newest there is."""
    owned = sorted(
        stock.owned_images.get(address, ()), key=lambda image: (image.created, image.id), reverse=True
    )
    current = provision.image if isinstance(provision, Ready) else None
    shown = current or next(iter(owned), None)
    marks = shown.marks if shown else None
    disk = scene.disks.get(address) if address in scene.images else None
    return ImageStatus(
        address=address,
        digest=disk.digest if disk else (marks.digest if marks else None),
        id=shown.id if shown else None,
        snapshot=next(iter(shown.snapshots), None) if shown else None,
        state=image_state(current, shown, address in scene.images),
        verdict=known_verdict(scene, address, marks),
        older=tuple(image.id for image in owned if image != shown),
    )


def known_verdict(scene: Scene, address: Address, marks: Marks | None) -> str | None:
    """The verdict of the version that is shown, under whatever verify block: its tag's, else the records'."""
    if marks is None:
        return None
    if marks.verdict:
        return marks.verdict.partition(":")[0]
    known = [
        one.verdict
        for one in scene.records.verdicts
        if (one.address, one.version) == (address, marks.version)
    ]
    return str(known[-1]) if known else None


def image_state(current: Image | None, shown: Image | None, wished: bool) -> str:
    """The word for how an image stands."""
    if not wished:
        return "not wished"
    if current is None:
        return "outdated" if shown else "not staged"
    states = {ImageState.AVAILABLE: "staged", ImageState.PENDING: "pending", ImageState.FAILED: "failed"}
    return states[current.state]


def instances_status(
    scene: Scene, stock: Stock, address: Address, provisions: Mapping[Address, Provision]
) -> InstancesStatus:
    """How one instance group stands, machine by machine."""
    wish = scene.groups.get(address)
    provision: Provision | ImageId | None = find_provision(wish, provisions) if wish else None
    settings = settings_mark(wish) if wish else ""
    machines = stock.owned_machines.get(address, ())
    return InstancesStatus(
        address=address,
        wanted=wish.count if wish else 0,
        machines=tuple(
            MachineStatus(
                id=machine.id if machine.exists else "",
                state=machine_state(machine),
                host=machine.host or machine.private_host,
                image=machine.image,
                job=machine.job.id if machine.job else None,
                outdated=bool(wish and provision and outdated_fields(machine, wish, provision, settings)),
            )
            for machine in machines
        ),
        recorded=sum(record.kind is ResourceKind.MACHINE for record in scene.recorded.get(address, ())),
    )


def machine_state(machine: Machine) -> str:
    """The service's word for a machine, or HTCondor's for a job that has none. A job whose machine went may
    not know that yet."""
    if machine.exists or machine.job is None:
        return str(machine.state)
    if machine.job.machine is not None and machine.job.state is JobState.RUNNING:
        return "machine gone"
    return str(machine.job.state)

"""One machine, from pending over running and shutting-down to terminated and forgotten. Corrects of moto:

- A machine runs at once and is terminated at once, and then stays for ever, with its addresses.
- Its network interface outlives it.
- It never ends by itself; real ones do, when they are shut down from within.

AWS: User Guide, "Instance lifecycle"; API reference, TerminateInstances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.block_device import BlockDeviceType
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceState, Reservation, StateReason

from extenci.sandbox.ec2.instances.launch import RunInstancesOrder
from extenci.sandbox.state.cloud import REGION, Cloud
from extenci.sandbox.state.machines import MachineEnd


class SandboxInstance(Instance):
    """An instance that is pending until its machine is up, and shutting-down before it is terminated."""

    spot_instance_request_id: str | None = None

    def __init__(self, cloud: Cloud, order: RunInstancesOrder, index: int) -> None:
        self.ended: float | None = None
        """When it was terminated, in seconds since 1970."""
        self.cloud = cloud
        super().__init__(
            cloud.backend,
            order.image.id,
            order.user_data,
            order.groups,
            nics=order.interfaces or [{"DeviceIndex": 0, "DeleteOnTermination": True}],
            client_token=order.token,
            lifecycle="spot" if order.spot else None,
            instance_type=order.type,
            region_name=REGION,
            placement=order.zone,
            subnet_id=order.subnet,
            key_name=order.key_name,
            ami_launch_index=index,
            private_ip=order.private_address if index == 0 else None,
            associate_public_ip=order.public_address,
            ebs_optimized=order.ebs_optimized,
            monitoring_state="enabled" if order.monitoring else "disabled",
            disable_api_termination=order.termination_protected,
            disable_api_stop=order.stop_protected,
            instance_initiated_shutdown_behavior=order.shutdown_behavior,
            iam_instance_profile=order.profile,
            metadata_options=order.metadata_options,
        )
        self.boot_mode = getattr(order.image, "boot_mode", None)
        self.ena_support = getattr(order.image, "ena_support", False)
        self.root_device_name = order.image.root_device_name
        self.state_reason = None  # type: ignore[assignment]  # shown as an empty one otherwise
        self.change("pending", 0)

    def change(self, name: str, code: int) -> None:
        self._state = InstanceState(name, code)

    def stop(self) -> InstanceState:
        previous = super().stop()
        self.cloud.machines.halt(self.id)
        return previous

    def start(self) -> InstanceState:
        previous = super().start()
        if previous.name == "stopped":
            address = self.cloud.machines.resume(self.id)
            if self.nics[0].public_ip:
                self.nics[0].public_ip = address or self.cloud.next_public_address()
            self.change("pending", 0)
            self.cloud.restless[self.id] = self
        return previous

    def reboot(self) -> None:
        super().reboot()
        self.cloud.machines.reset(self.id)

    def end(self, reason: str = "Client.UserInitiatedShutdown: User initiated shutdown") -> None:
        """Begins its end."""
        self.terminate()
        self.cloud.machines.stop(self.id)
        self.state_reason = StateReason(reason, reason.partition(":")[0])
        self.ended = self.cloud.clock()
        self.change("shutting-down", 32)
        self.cloud.restless[self.id] = self

    def has_ended(self, how: MachineEnd) -> None:
        """Note that a machine ended by itself: it is stopped, or gone where that was desired or it never
        worked."""
        if how.failure:
            self.end(f"Server.InternalError: {how.failure}")
        elif self.instance_initiated_shutdown_behavior == "terminate":
            self.end("Client.InstanceInitiatedShutdown: Instance initiated shutdown")
        else:
            super().stop()
            reason = "Client.InstanceInitiatedShutdown"
            self.state_reason = StateReason(f"{reason}: Instance initiated shutdown", reason)
            self.cloud.restless.pop(self.id, None)

    @property
    def network_interfaces(self) -> list[NetworkInterface]:
        return [] if self.gone else super().network_interfaces

    @property
    def gone(self) -> bool:
        """Terminated machines keep their id, and lose addresses and network (User Guide)."""
        return self._state.name == "terminated"

    @property
    def private_ip_address(self) -> str | None:
        return None if self.gone else super().private_ip_address

    @property
    def public_ip_address(self) -> str | None:
        return None if self.gone else super().public_ip_address

    @property
    def private_dns_name(self) -> str:
        return "" if self.gone else super().private_dns_name

    @property
    def public_dns_name(self) -> str | None:
        return "" if self.gone else super().public_dns_name or ""

    def attach(self, device: str, ebs: dict[str, Any], tags: dict[str, str]) -> None:
        """Makes and attaches a volume, as moto does, without walking over all instances."""
        volume = self.cloud.backend.create_volume(
            size=ebs.get("VolumeSize"),  # type: ignore[arg-type]  # moto takes the snapshot's
            zone_name=self.availability_zone or f"{REGION}a",
            snapshot_id=ebs.get("SnapshotId"),
            encrypted=bool(ebs.get("Encrypted")),
            kms_key_id=ebs.get("KmsKeyId"),
            volume_type=ebs.get("VolumeType"),
            iops=ebs.get("Iops"),
            throughput=ebs.get("Throughput"),
        )
        volume.add_tags(tags)
        attachment = VolumeAttachment(volume, self, device, "attached")  # type: ignore[abstract]
        volume.attachment = attachment
        self.block_device_mapping[device] = BlockDeviceType(
            volume_id=volume.id,
            status=volume.status,
            size=volume.size,
            attach_time=utcnow(),
            delete_on_termination=bool(ebs.get("DeleteOnTermination")),
        )


def settle(cloud: Cloud) -> None:
    """Moves each machine on to the state it is in by now. Called with the lock held, before each action."""
    now = cloud.clock()
    for instance_id, how in cloud.machines.take_ended().items():
        machine = cloud.backend.get_instance(instance_id)
        if isinstance(machine, SandboxInstance):
            machine.has_ended(how)
    for machine in list(cloud.restless.values()):
        assert isinstance(machine, SandboxInstance)  # noqa: S101 - only these are put there
        match machine.state:
            case "pending" if cloud.machines.booted(machine.id):
                machine.change("running", 16)
                del cloud.restless[machine.id]
            case "shutting-down" if now - (machine.ended or now) >= cloud.timing.shut_down:
                machine.change("terminated", 48)
            case "terminated" if now - (machine.ended or now) >= cloud.timing.forget_terminated:
                _forget(cloud, machine)


def _forget(cloud: Cloud, machine: SandboxInstance) -> None:
    del cloud.restless[machine.id]
    cloud.machines.forget(machine.id)
    cloud.backend.tags.pop(machine.id, None)
    for reservation in list(cloud.backend.reservations.values()):
        if machine in reservation.instances:
            kept = [instance for instance in reservation.instances if instance is not machine]
            cloud.backend.reservations[reservation.id] = part_of(reservation, kept)
            if not kept:
                del cloud.backend.reservations[reservation.id]


def part_of(reservation: Reservation, instances: Sequence[Instance]) -> Reservation:
    """The reservation with some of its machines; the whole stays as it is, for the client token."""
    part = Reservation(reservation.id, reservation.owner_id)
    part.groups, part.instances = reservation.groups, list(instances)
    return part

"""Machines as EC2 sees them: launching, describing, ending. Corrects these of moto:

- RunInstances ignores ClientToken and MaxCount, accepts unknown AMIs, key pairs and types, gives every
  machine an 8 GiB root volume of no snapshot, and knows no state `pending`. (What is asked is checked in
  `launching`.)
- DescribeInstances pages at 100 unasked (HTCondor then loses every machine after the hundredth), and
  knows few filters.
- Terminated machines are listed for ever, with their addresses. On AWS they vanish after about an hour.

AWS: API reference, RunInstances, DescribeInstances, TerminateInstances; User Guide, "Instance lifecycle".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, InvalidInstanceIdError
from moto.ec2.models.block_device import BlockDeviceType
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceState, Reservation
from moto.ec2.utils import random_reservation_id

from extenci.sandbox.actions import Actions
from extenci.sandbox.cloud import ACCOUNT, REGION, Cloud
from extenci.sandbox.filters import chosen
from extenci.sandbox.instance_filters import filter_values
from extenci.sandbox.launching import Order, read_order
from extenci.sandbox.machines import Launch
from extenci.sandbox.paging import page, page_size
from extenci.sandbox.snapshots import DiskSnapshot
from extenci.sandbox.tags import tags_of
from extenci.sandbox.tokens import TokenReused


class Machine(Instance):
    """An instance that is pending until its machine is up, and shutting-down before it is terminated."""

    spot_instance_request_id: str | None = None

    def __init__(self, cloud: Cloud, order: Order, index: int) -> None:
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
    for machine in list(cloud.restless.values()):
        match machine.state:
            case "pending" if cloud.machines.booted(machine.id):
                machine.change("running", 16)
                del cloud.restless[machine.id]
            case "shutting-down" if now - (machine.ended or now) >= cloud.pace.shut_down:
                machine.change("terminated", 48)
            case "terminated" if now - (machine.ended or now) >= cloud.pace.forget_terminated:
                _forget(cloud, machine)


def _forget(cloud: Cloud, machine: Machine) -> None:
    del cloud.restless[machine.id]
    cloud.machines.forget(machine.id)
    cloud.backend.tags.pop(machine.id, None)
    for reservation in list(cloud.backend.reservations.values()):
        if machine in reservation.instances:
            kept = [instance for instance in reservation.instances if instance is not machine]
            cloud.backend.reservations[reservation.id] = _part(reservation, kept)
            if not kept:
                del cloud.backend.reservations[reservation.id]


def _part(reservation: Reservation, instances: Sequence[Instance]) -> Reservation:
    """The reservation with some of its machines; the whole stays as it is, for the client token."""
    part = Reservation(reservation.id, reservation.owner_id)
    part.groups, part.instances = reservation.groups, list(instances)
    return part


class InstanceActions(Actions):
    """RunInstances, DescribeInstances, TerminateInstances."""

    def run_instances(self) -> ActionResult:
        return ActionResult(self.once(lambda: read_order(self.cloud, self.params)))

    def once(self, read: Callable[[], Order]) -> Reservation:
        """Launches what `read` finds in the request, unless its client token did so before."""
        token = self._get_param("ClientToken")
        parameters = {name: value for name, value in self.params.items() if name != "DryRun"}
        try:
            made = self.cloud.launches.made(token, parameters)
        except TokenReused:
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in "
                "previous request(s).",
            ) from None
        if made is None:
            order = read()
            self.error_on_dryrun()
            made = self._launch(order)
            self.cloud.launches.remember(token, parameters, made)
        return made

    def _launch(self, order: Order) -> Reservation:
        reservation = Reservation(random_reservation_id(), ACCOUNT)
        self.backend.reservations[reservation.id] = reservation
        try:
            for index in range(order.count):
                reservation.instances.append(self._launch_one(order, index))
        except BaseException:
            del self.backend.reservations[reservation.id]
            raise
        return reservation

    def _launch_one(self, order: Order, index: int) -> Machine:
        machine = Machine(self.cloud, order, index)  # type: ignore[abstract]  # by name only
        self.backend.tags[machine.id].update(order.tags["instance"])
        for device, ebs in order.devices.items():
            machine.attach(device, ebs, order.tags["volume"])
        root = order.devices.get(order.image.root_device_name, {})
        snapshot = self.backend.snapshots.get(root.get("SnapshotId", ""))
        key_pair = self.backend.key_pairs.get(order.key_name or "")
        self.cloud.restless[machine.id] = machine
        address = self.cloud.machines.start(
            Launch(
                instance_id=machine.id,
                image_id=order.image.id,
                instance_type=order.type,
                architecture=order.image.architecture or "",
                boot_mode=machine.boot_mode or "",
                disk=snapshot.disk.path if isinstance(snapshot, DiskSnapshot) else None,
                root_gib=root.get("VolumeSize", 0),
                private_address=machine.private_ip or "",
                user_data=order.user_bytes,
                public_key=key_pair.material_public if key_pair else b"",
            )
        )
        if machine.nics[0].public_ip:
            machine.nics[0].public_ip = address or self.cloud.next_public_address()
        return machine

    def describe_instances(self) -> ActionResult:
        self.error_on_dryrun()
        ids = self._get_param("InstanceIds", [])
        size = self._get_param("MaxResults")
        if ids and size is not None:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults",
            )
        homes = {
            instance.id: (instance, reservation)
            for reservation in self.backend.reservations.values()
            for instance in reservation.instances
        }
        if unknown := [one for one in ids if one not in homes]:
            raise InvalidInstanceIdError(unknown)
        mine = [homes[one][0] for one in (dict.fromkeys(ids) if ids else homes)]
        reservations = {one: reservation.id for one, (_, reservation) in homes.items()}
        found = chosen(
            mine,
            self.filters,
            lambda one, name: filter_values(one, name, reservations[one.id]),
            lambda one: tags_of(self.backend, one.id),
        )
        shown, following = page(
            found, page_size(size, least=5), self._get_param("NextToken"), lambda one: one.id
        )
        parts: dict[str, Reservation] = {}
        for one in shown:
            whole = homes[one.id][1]
            parts.setdefault(whole.id, _part(whole, [])).instances.append(one)
        return ActionResult({"Reservations": list(parts.values()), "NextToken": following})

    def terminate_instances(self) -> ActionResult:
        ids = self._get_param("InstanceIds", [])
        instances = {one.id: one for one in self.backend.get_multi_instances_by_id(ids)}
        if not ids:
            raise EC2ClientError("InvalidParameterCombination", "No instances specified")
        for one in instances.values():
            if one.disable_api_termination is True:
                raise EC2ClientError(
                    "OperationNotPermitted",
                    f"The instance '{one.id}' may not be terminated. Modify its "
                    "'disableApiTermination' instance attribute and try again.",
                )
        self.error_on_dryrun()
        return ActionResult({"TerminatingInstances": [self._end(one) for one in instances.values()]})

    def _end(self, instance: Instance) -> dict[str, Any]:
        """Ending a machine that is ended is no error, and changes nothing (API reference)."""
        before = {"Name": instance.state, "Code": instance.state_code}
        if instance.state not in ("shutting-down", "terminated"):
            instance.terminate()
            self.cloud.machines.stop(instance.id)
            if isinstance(instance, Machine):
                instance.ended = self.cloud.clock()
                instance.change("shutting-down", 32)
                self.cloud.restless[instance.id] = instance
        now = {"Name": instance.state, "Code": instance.state_code}
        return {"InstanceId": instance.id, "PreviousState": before, "CurrentState": now}

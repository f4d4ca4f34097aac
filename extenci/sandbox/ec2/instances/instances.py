"""Machines as EC2 sees them: launching, describing, ending. Corrects these shortcomings of moto:

- RunInstances ignores ClientToken and MaxCount, accepts unknown AMIs, key pairs and types, and gives every
  machine an 8 GiB root volume of no snapshot. (What is asked is checked in `launching`.)
- DescribeInstances pages at 100 unasked (HTCondor then loses every machine after the hundredth), and
  knows few filters.
- TerminateInstances ends machines that are protected from it, since RunInstances drops the protection.

AWS: API reference, RunInstances, DescribeInstances, TerminateInstances.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidInstanceIdError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.utils import random_reservation_id

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.ec2.filters import chosen
from extenci.sandbox.ec2.images.bundles import disk_of
from extenci.sandbox.ec2.instances.filters import INSTANCE_FILTERS
from extenci.sandbox.ec2.instances.launch import RunInstancesOrder, read_order
from extenci.sandbox.ec2.instances.lifecycle import SandboxInstance, part_of
from extenci.sandbox.ec2.pages import page, page_size
from extenci.sandbox.state.cloud import ACCOUNT
from extenci.sandbox.state.machines import MachineConfig, MachineRefused
from extenci.sandbox.state.snapshots import DiskSnapshot
from extenci.sandbox.state.tags import tags_of
from extenci.sandbox.state.tokens import TokenReused

_GIB = 1 << 30


class InstanceActions(Actions):
    """RunInstances, DescribeInstances, TerminateInstances."""

    def run_instances(self) -> ActionResult:
        return ActionResult(self.once(lambda: read_order(self.cloud, self.params)))

    def once(self, read: Callable[[], RunInstancesOrder]) -> Reservation:
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

    def _launch(self, order: RunInstancesOrder) -> Reservation:
        count = self._admitted(order)
        reservation = Reservation(random_reservation_id(), ACCOUNT)
        self.backend.reservations[reservation.id] = reservation
        try:
            for index in range(count):
                reservation.instances.append(self._launch_one(order, index))
        except BaseException:
            del self.backend.reservations[reservation.id]
            raise
        return reservation

    def _admitted(self, order: RunInstancesOrder) -> int:
        """The number of machines that can be launched now: as there is room, but not fewer than MinCount."""
        try:
            count = self.cloud.machines.admit(self._launch_of(order, ""), order.count)
        except MachineRefused as refused:
            raise EC2ClientError(refused.code, refused.message) from None
        if count < order.least:
            raise EC2ClientError(
                "InsufficientInstanceCapacity",
                f"The sandbox has memory for {count} more machines of the type {order.type}, and "
                f"{order.least} are asked for. Terminate some, or set EXTENCI_SANDBOX_MEMORY (MiB) before it "
                "starts.",
            )
        return count

    def _launch_one(self, order: RunInstancesOrder, index: int) -> SandboxInstance:
        machine = SandboxInstance(self.cloud, order, index)  # type: ignore[abstract]  # by name only
        self.backend.tags[machine.id].update(order.tags["instance"])
        for device, ebs in order.devices.items():
            machine.attach(device, ebs, order.tags["volume"])
        self.cloud.restless[machine.id] = machine
        address = self.cloud.machines.start(self._launch_of(order, machine.id, machine.private_ip or ""))
        if machine.nics[0].public_ip:
            machine.nics[0].public_ip = address or self.cloud.next_public_address()
        return machine

    def _launch_of(self, order: RunInstancesOrder, instance_id: str, address: str = "") -> MachineConfig:
        root = order.devices.get(order.image.root_device_name, {})
        snapshot = self.backend.snapshots.get(root.get("SnapshotId", ""))
        if isinstance(snapshot, DiskSnapshot):
            disk: Path | None = snapshot.disk.path
        else:
            disk = disk_of(self.cloud, order.image.id)
        key_pair = self.backend.key_pairs.get(order.key_name or "")
        tokens = order.metadata_options.get("HttpTokens")
        return MachineConfig(
            instance_id=instance_id,
            image_id=order.image.id,
            instance_type=order.type,
            architecture=order.image.architecture or "",
            boot_mode=getattr(order.image, "boot_mode", None) or "",
            disk=disk,
            root_gib=root.get("VolumeSize", 0) or (-(-disk.stat().st_size // _GIB) if disk else 0),
            private_address=address,
            user_data=order.user_bytes,
            public_key=key_pair.material_public if key_pair else b"",
            memory_mib=INSTANCE_TYPES[order.type]["MemoryInfo"]["SizeInMiB"],
            key_name=order.key_name or "",
            zone=order.zone,
            token_required=(tokens or getattr(order.image, "imds_support", "")) in ("required", "v2.0"),
        )

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
            {**INSTANCE_FILTERS, "reservation-id": lambda one: [reservations[one.id]]},
            lambda one: tags_of(self.backend, one.id),
        )
        shown, following = page(
            found, page_size(size, least=5), self._get_param("NextToken"), lambda one: one.id
        )
        parts: dict[str, Reservation] = {}
        for one in shown:
            whole = homes[one.id][1]
            parts.setdefault(whole.id, part_of(whole, [])).instances.append(one)
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
        if instance.state not in ("shutting-down", "terminated") and isinstance(instance, SandboxInstance):
            instance.end()
        now = {"Name": instance.state, "Code": instance.state_code}
        return {"InstanceId": instance.id, "PreviousState": before, "CurrentState": now}

"""The filters of DescribeInstances (AWS EC2 API reference, DescribeInstances, Filter.N)."""

from __future__ import annotations

from collections.abc import Callable

from moto.ec2.models.instances import Instance

from extenci.sandbox.ec2.filters import Readers, attributes

_DERIVED: dict[str, Callable[[Instance], list[object]]] = {
    "group-id": lambda one: [group.id for group in one.security_groups],
    "instance.group-id": lambda one: [group.id for group in one.security_groups],
    "group-name": lambda one: [group.name for group in one.security_groups],
    "instance.group-name": lambda one: [group.name for group in one.security_groups],
    "iam-instance-profile.arn": lambda one: [(one.iam_instance_profile or {}).get("Arn")],
    "instance-lifecycle": lambda one: [one.lifecycle] if one.lifecycle else [],
    "state-reason-code": lambda one: [getattr(one.state_reason, "code", None)],
    "block-device-mapping.volume-id": lambda one: [
        device.volume_id for _, device in one.get_block_device_mapping
    ],
    "launch-time": lambda one: [one.launch_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")],
}

_SIMPLE = {
    "instance-id": "id",
    "instance-state-name": "state",
    "instance-state-code": "state_code",
    "image-id": "image_id",
    "client-token": "client_token",
    "instance-type": "instance_type",
    "key-name": "key_name",
    "subnet-id": "subnet_id",
    "vpc-id": "vpc_id",
    "availability-zone": "availability_zone",
    "architecture": "architecture",
    "virtualization-type": "virtualization_type",
    "private-ip-address": "private_ip_address",
    "ip-address": "public_ip_address",
    "private-dns-name": "private_dns_name",
    "dns-name": "public_dns_name",
    "owner-id": "owner_id",
    "root-device-name": "root_device_name",
    "root-device-type": "root_device_type",
    "launch-index": "ami_launch_index",
    "source-dest-check": "source_dest_check",
    "monitoring-state": "monitoring_state",
    "hypervisor": "hypervisor",
}

INSTANCE_FILTERS: Readers[Instance] = {**attributes(_SIMPLE), **_DERIVED}
"""All but `reservation-id`, which a machine does not know."""

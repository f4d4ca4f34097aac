"""The filters of DescribeInstances (AWS EC2 API reference, DescribeInstances, Filter.N)."""

from __future__ import annotations

from moto.ec2.models.instances import Instance


def filter_values(instance: Instance, name: str, reservation_id: str) -> list[object] | None:
    """The values of `instance` under a filter's name; None for a name that does not exist."""
    if name in _SIMPLE:
        return [getattr(instance, _SIMPLE[name], None)]
    match name:
        case "reservation-id":
            return [reservation_id]
        case "group-id" | "instance.group-id":
            return [group.id for group in instance.security_groups]
        case "group-name" | "instance.group-name":
            return [group.name for group in instance.security_groups]
        case "iam-instance-profile.arn":
            return [(instance.iam_instance_profile or {}).get("Arn")]
        case "instance-lifecycle":
            return [instance.lifecycle] if instance.lifecycle else []
        case "state-reason-code":
            return [instance.state_reason.code]
        case "block-device-mapping.volume-id":
            return [device.volume_id for _, device in instance.get_block_device_mapping]
        case "launch-time":
            return [instance.launch_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")]
        case _:
            return None


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

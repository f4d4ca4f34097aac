"""The place of a machine: subnet, zone, security groups and address, as RunInstances names them.

AWS: API reference, RunInstances, "Error codes". moto makes up security groups that do not exist.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet

from extenci.sandbox.state.cloud import REGION, Cloud


def subnet_of(cloud: Cloud, asked: Mapping[str, Any]) -> Subnet:
    """The subnet that is named, else the default one of the zone. Raises InvalidSubnetID.NotFound."""
    zone = asked.get("Placement", {}).get("AvailabilityZone")
    named = asked.get("SubnetId") or _interface_subnet(asked)
    if named:
        if "NetworkInterfaces" in asked and asked.get("SubnetId"):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Network interfaces and an instance-level subnet ID may not be specified on the same request",
            )
        subnet = cloud.backend.get_subnet(named)
        if zone and subnet.availability_zone != zone:
            raise _invalid(f"The subnet {named} is not in the availability zone {zone}.")
        return subnet
    default = cloud.backend.get_default_subnets().get(zone or f"{REGION}a")
    if default is None:
        raise _invalid(f"Invalid availability zone: [{zone or f'{REGION}a'}]")
    return default


def _interface_subnet(asked: Mapping[str, Any]) -> str | None:
    return next((i["SubnetId"] for i in asked.get("NetworkInterfaces", []) if "SubnetId" in i), None)


def private_address(asked: Mapping[str, Any], subnet: Subnet) -> str | None:
    address: str | None = asked.get("PrivateIpAddress")
    if address and ipaddress.ip_address(address) not in subnet.cidr:
        raise _invalid(f"Address {address} does not fall within the subnet's address range")
    if address and address in subnet._subnet_ips:  # noqa: SLF001  # moto has no question for it
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")
    return address


def groups_of(cloud: Cloud, asked: Mapping[str, Any], vpc: str) -> list[SecurityGroup]:
    """By id and by name, all of one VPC; the VPC's default group if none is named."""
    groups = []
    for name in [*asked.get("SecurityGroups", []), *asked.get("SecurityGroupIds", [])]:
        group = cloud.backend.get_security_group_by_name_or_id(name, vpc)
        if group is None:
            raise InvalidSecurityGroupNotFoundError(name)
        groups.append(group)
    if not groups and "NetworkInterfaces" not in asked:
        default = cloud.backend.get_default_security_group(vpc)
        groups = [default] if default else []
    return groups


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)

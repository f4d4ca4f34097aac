"""RunInstances' parameters: checked as AWS checks them, and put together with what the image says.

AWS: API reference, RunInstances, "Error codes"; the messages are AWS's where they are known.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAMIIdError,
    InvalidKeyPairNameError,
    MissingParameterError,
    UnvailableAMIIdError,
)
from moto.ec2.models.amis import Ami
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.security_groups import SecurityGroup

from extenci.sandbox.ec2.images.block_devices import checked_ebs
from extenci.sandbox.ec2.images.images import find_image
from extenci.sandbox.ec2.instances.network import groups_of, private_address, subnet_of
from extenci.sandbox.ec2.instances.templates import with_template
from extenci.sandbox.state.cloud import ACCOUNT, Cloud
from extenci.sandbox.state.tags import tags_at_creation
from extenci.sandbox.state.tokens import TOKEN_CHARACTERS

USER_DATA_BYTES = 16384
_TAGGED = ("instance", "volume", "network-interface", "spot-instances-request")


@dataclass(frozen=True)
class RunInstancesOrder:
    """The machines to launch. `devices` are Ebs settings by device name."""

    count: int
    least: int
    image: Ami
    type: str
    token: str | None
    key_name: str | None
    groups: list[SecurityGroup]
    subnet: str | None
    zone: str
    interfaces: list[dict[str, Any]]
    private_address: str | None
    public_address: bool | None
    devices: dict[str, dict[str, Any]]
    tags: dict[str, dict[str, str]]
    user_data: Base64EncodedString | None
    user_bytes: bytes
    spot: bool
    profile: dict[str, str] | None
    ebs_optimized: bool
    monitoring: bool
    termination_protected: bool
    stop_protected: bool
    shutdown_behavior: str | None
    metadata_options: dict[str, Any]


def read_order(cloud: Cloud, asked: Mapping[str, Any]) -> RunInstancesOrder:
    """Raises EC2ClientError for what AWS would refuse."""
    asked, of_template = with_template(cloud, asked)
    image = _image(cloud, asked)
    subnet = subnet_of(cloud, asked)
    encoded, user_bytes = _user_data(asked.get("UserData"))
    least, most = _count(asked)
    tags = tags_at_creation(asked.get("TagSpecifications", []), _TAGGED)
    tags["instance"] |= of_template
    return RunInstancesOrder(
        count=most,
        least=least,
        image=image,
        type=_type(asked, image),
        token=_token(asked),
        key_name=_key_name(cloud, asked),
        groups=groups_of(cloud, asked, subnet.vpc_id),
        subnet=subnet.id if "NetworkInterfaces" not in asked else None,
        zone=subnet.availability_zone,
        interfaces=asked.get("NetworkInterfaces", []),
        private_address=private_address(asked, subnet),
        public_address=asked.get("AssociatePublicIpAddress"),
        devices=_devices(cloud, asked, image),
        tags=tags,
        user_data=encoded,
        user_bytes=user_bytes,
        spot=asked.get("InstanceMarketOptions", {}).get("MarketType") == "spot",
        profile=_profile(asked.get("IamInstanceProfile", {})),
        ebs_optimized=bool(asked.get("EbsOptimized")),
        monitoring=bool(asked.get("Monitoring", {}).get("Enabled")),
        termination_protected=bool(asked.get("DisableApiTermination")),
        stop_protected=bool(asked.get("DisableApiStop")),
        shutdown_behavior=asked.get("InstanceInitiatedShutdownBehavior"),
        metadata_options=asked.get("MetadataOptions", {}),
    )


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)


def _image(cloud: Cloud, asked: Mapping[str, Any]) -> Ami:
    if not asked.get("ImageId"):
        raise MissingParameterError("ImageId")
    try:
        image = find_image(cloud, asked["ImageId"])
    except UnvailableAMIIdError:
        raise InvalidAMIIdError(asked["ImageId"]) from None
    if image.state != "available":
        raise UnvailableAMIIdError(image.id)
    return image


def _count(asked: Mapping[str, Any]) -> tuple[int, int]:
    """AWS launches MaxCount where it has room, so does the sandbox; moto launches MinCount."""
    for name in ("MinCount", "MaxCount"):
        if name not in asked:
            raise MissingParameterError(name)
    least, most = int(asked["MinCount"]), int(asked["MaxCount"])
    if least < 1 or most < least:
        raise _invalid(
            f"Invalid value '{most}' for instance count: MinCount {least} must be at least 1 and at "
            "most MaxCount."
        )
    return least, most


def _token(asked: Mapping[str, Any]) -> str | None:
    token: str | None = asked.get("ClientToken")
    if token and (len(token) > TOKEN_CHARACTERS or not token.isascii()):
        raise _invalid(f"The client token must be up to {TOKEN_CHARACTERS} ASCII characters.")
    return token


def _type(asked: Mapping[str, Any], image: Ami) -> str:
    """The type, if it exists and can run the image; AWS's default is m1.small."""
    name = str(asked.get("InstanceType") or "m1.small")
    facts = INSTANCE_TYPES.get(name)
    if facts is None:
        raise _invalid(f"Invalid value '{name}' for InstanceType.")
    architectures = facts["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in architectures:
        raise _invalid(
            f"The architecture '{','.join(architectures)}' of the specified instance type does not "
            f"match the architecture '{image.architecture}' of the specified AMI. Specify an instance "
            "type and an AMI that have matching architectures, and try again."
        )
    if problem := _misfit(name, facts, image):
        raise EC2ClientError("InvalidParameterCombination", problem)
    return name


def _misfit(name: str, facts: Mapping[str, Any], image: Ami) -> str:
    virtualization = facts.get("SupportedVirtualizationTypes", ["hvm"])
    if image.virtualization_type not in virtualization:
        return (
            f"Non-Windows instances with a virtualization type of '{image.virtualization_type}' are "
            f"currently not supported for this instance type : {name}"
        )
    if facts["NetworkInfo"]["EnaSupport"] == "required" and not getattr(image, "ena_support", True):
        return (
            "Enhanced networking with the Elastic Network Adapter (ENA) is required for the "
            f"'{name}' instance type. Ensure that you are using an AMI that is enabled for ENA."
        )
    if image.boot_mode == "uefi" and "uefi" not in facts.get("SupportedBootModes", ["uefi"]):
        return f"The instance type '{name}' does not support the boot mode 'uefi' of the AMI."
    return ""


def _key_name(cloud: Cloud, asked: Mapping[str, Any]) -> str | None:
    name: str | None = asked.get("KeyName")
    if name and name not in cloud.backend.key_pairs:
        raise InvalidKeyPairNameError(name)
    return name


def _user_data(encoded: str | None) -> tuple[Base64EncodedString | None, bytes]:
    if not encoded:
        return None, b""
    compact = re.sub(r"\s", "", encoded)
    try:
        data = base64.b64decode(compact, validate=True)
    except binascii.Error:
        raise _invalid("Invalid BASE64 encoding of user data.") from None
    if len(data) > USER_DATA_BYTES:
        raise _invalid(f"User data is limited to {USER_DATA_BYTES} bytes")
    return Base64EncodedString(compact), data


def _profile(asked: Mapping[str, str]) -> dict[str, str] | None:
    """Any profile exists here; AWS refuses one that IAM does not have."""
    arn = asked.get("Arn")
    if not arn and not asked.get("Name"):
        return None
    return {
        "Arn": arn or f"arn:aws:iam::{ACCOUNT}:instance-profile/{asked['Name']}",
        "Id": "AIPASANDBOXPROFILE",
    }


def _devices(cloud: Cloud, asked: Mapping[str, Any], image: Ami) -> dict[str, dict[str, Any]]:
    """The image's devices, changed and added to as asked. `NoDevice` takes one away."""
    of_image = {
        mapping["DeviceName"]: mapping["Ebs"] for mapping in image.block_device_mappings if "Ebs" in mapping
    }
    devices = dict(of_image)
    for mapping in _named(asked.get("BlockDeviceMappings", [])):
        name = mapping["DeviceName"]
        if "NoDevice" in mapping:
            devices.pop(name, None)
        elif "Ebs" in mapping:
            ebs = checked_ebs(cloud, mapping["Ebs"], of_image.get(name, {}))
            devices[name] = ebs
    return devices


def _named(mappings: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    for mapping in mappings:
        if not mapping.get("DeviceName"):
            raise EC2ClientError("InvalidBlockDeviceMapping", "A block device mapping has no device name.")
    return mappings

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from extenci.cloud.aws.requests.parameters import (
    LaunchRequest,
    RegisterRequest,
    register_parameters,
    register_parts,
    run_parameters,
    tag_part,
)
from extenci.model.abilities import Ability
from extenci.model.desired import LaunchSettings, RootVolume
from extenci.model.version import Architecture, BootMode, Method, Registration


def merged(parts: Mapping[Ability, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for one in parts.values() for name, value in one.items()}


def registered(request: RegisterRequest) -> dict[str, Any]:
    return register_parameters(request) | merged(register_parts(request))


PLAIN = Registration(Architecture.X86_64, None, Method.EBS, 8)


def test_registering_says_everything_whose_default_is_wrong_for_today() -> None:
    request = RegisterRequest("worker-1", "snap-1", PLAIN, {"b": "2", "a": "1"}, volume_type="gp3")
    assert registered(request) == {
        "Name": "worker-1",
        "Architecture": "x86_64",
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "ImdsSupport": "v2.0",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "SnapshotId": "snap-1",
                    "VolumeSize": 8,
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                },
            }
        ],
        "TagSpecifications": [
            {"ResourceType": "image", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}
        ],
    }


@pytest.mark.parametrize(
    ("architecture", "asked", "said"),
    [
        (Architecture.X86_64, None, None),
        (Architecture.X86_64, BootMode.UEFI_PREFERRED, "uefi-preferred"),
        (Architecture.ARM64, None, "uefi"),
        (Architecture.I386, BootMode.LEGACY_BIOS, "legacy-bios"),
    ],
)
def test_the_boot_mode_is_said_where_it_is_known(
    architecture: Architecture, asked: BootMode | None, said: str | None
) -> None:
    registration = replace(PLAIN, architecture=architecture, boot_mode=asked)
    parameters = registered(RegisterRequest("worker", "snap-1", registration))
    assert parameters.get("BootMode") == said
    assert "TagSpecifications" not in parameters


def test_a_plain_launch_says_nothing_that_was_not_asked() -> None:
    request = LaunchRequest("ami-1", LaunchSettings("t3.micro"), 3, "token")
    assert run_parameters(request, None) == {
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 3,
    }


def test_a_full_launch_says_it_all() -> None:
    settings = LaunchSettings(
        type="m5.large",
        key_name="my-key",
        user_data=base64.b64encode(b"#!/bin/sh\n\xff").decode(),
        security_groups=("ssh", "sg-12", "web"),
        subnet="subnet-1",
        availability_zone="us-east-1a",
        instance_profile="worker-role",
        root_volume=RootVolume(32, "gp3", True),
        spot_price="0.05",
    )
    request = LaunchRequest("ami-1", settings, 5, "t", {"k": "v"}, minimum=5)
    tags = merged(tag_part(Ability.TAG_INSTANCE, "instance", request.tags))
    assert run_parameters(request, "/dev/sda1") | tags == {
        "ImageId": "ami-1",
        "InstanceType": "m5.large",
        "MinCount": 5,
        "MaxCount": 5,
        "KeyName": "my-key",
        "UserData": b"#!/bin/sh\n\xff",
        "SecurityGroups": ["ssh", "web"],
        "SecurityGroupIds": ["sg-12"],
        "SubnetId": "subnet-1",
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "IamInstanceProfile": {"Name": "worker-role"},
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/sda1",
                "Ebs": {"VolumeSize": 32, "VolumeType": "gp3", "Encrypted": True},
            }
        ],
        "InstanceMarketOptions": {
            "MarketType": "spot",
            "SpotOptions": {"MaxPrice": "0.05", "SpotInstanceType": "one-time"},
        },
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v"}]}],
    }


def test_an_instance_profile_may_be_an_arn() -> None:
    arn = "arn:aws:iam::1:instance-profile/x"
    request = LaunchRequest("ami-1", LaunchSettings("t3.micro", instance_profile=arn), 1, "t")
    assert run_parameters(request, None)["IamInstanceProfile"] == {"Arn": arn}

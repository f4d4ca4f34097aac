from __future__ import annotations

from datetime import UTC, datetime

import pytest

from extenci.cloud.aws.requests.responses import read_image, read_machine, read_snapshot
from extenci.model.observed import Image, ImageState, Machine, MachineState, Snapshot, SnapshotState
from extenci.model.ownership import Marks

WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_a_full_machine_is_read() -> None:
    answer = {
        "InstanceId": "i-1",
        "State": {"Code": 16, "Name": "running"},
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "LaunchTime": WHEN,
        "PublicIpAddress": "192.0.2.1",
        "PublicDnsName": "host.example.org",
        "PrivateIpAddress": "10.0.0.1",
        "KeyName": "key",
        "SecurityGroups": [{"GroupName": "ssh", "GroupId": "sg-1"}],
        "SubnetId": "subnet-1",
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "IamInstanceProfile": {"Arn": "arn:x"},
        "InstanceLifecycle": "spot",
        "StateReason": {"Code": "x", "Message": "why"},
        "ClientToken": "token",
        "Tags": [
            {"Key": "extenci:stack", "Value": "st"},
            {"Key": "extenci:service", "Value": "campus"},
            {"Key": "extenci:name", "Value": "pool"},
        ],
    }
    assert read_machine(answer) == Machine(
        id="i-1",
        state=MachineState.RUNNING,
        image="ami-1",
        type="t3.micro",
        launched=WHEN.timestamp(),
        host="192.0.2.1",
        private_host="10.0.0.1",
        key_name="key",
        groups=frozenset({"ssh", "sg-1"}),
        subnet="subnet-1",
        availability_zone="us-east-1a",
        instance_profile="arn:x",
        spot=True,
        reason="why",
        reason_code="x",
        token="token",
        tags={"extenci:stack": "st", "extenci:service": "campus", "extenci:name": "pool"},
        marks=Marks("st", "campus", "pool"),
    )


def test_a_machine_of_a_sparing_service_is_read() -> None:
    assert read_machine({"InstanceId": "i-1"}) == Machine("i-1", MachineState.PENDING, "", "")


def test_a_machine_without_a_public_address_is_reached_at_its_private_one() -> None:
    machine = read_machine({"InstanceId": "i-1", "PublicDnsName": "", "PrivateIpAddress": "10.0.0.1"})
    assert machine.host == "10.0.0.1"


def test_an_image_is_read_with_the_size_of_its_root_volume() -> None:
    answer = {
        "ImageId": "ami-1",
        "Name": "worker",
        "State": "available",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/sdc", "Ebs": {"SnapshotId": "snap-2", "VolumeSize": 100}},
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}},
        ],
        "Architecture": "arm64",
        "BootMode": "uefi",
        "CreationDate": "2026-05-04T03:02:01.000Z",
    }
    assert read_image(answer) == Image(
        "ami-1",
        "worker",
        ImageState.AVAILABLE,
        ("snap-2", "snap-1"),
        "arm64",
        "uefi",
        8,
        "2026-05-04T03:02:01.000Z",
    )


@pytest.mark.parametrize("state", ["invalid", "deregistered", "disabled", "error", "failed", ""])
def test_an_image_in_any_other_state_has_failed(state: str) -> None:
    assert read_image({"ImageId": "ami-1", "State": state}).state is ImageState.FAILED


def test_states_that_ec2_does_not_have_count_as_pending() -> None:
    """What is in them can neither be used, nor is it gone: nothing may be made instead of it."""
    assert read_image({"ImageId": "ami-1", "State": "availab1e"}).state is ImageState.PENDING
    assert read_snapshot({"SnapshotId": "snap-1", "State": "new"}).state is SnapshotState.PENDING
    assert read_machine({"InstanceId": "i-1", "State": {"Name": "rebooting"}}).state is MachineState.PENDING


def test_a_snapshot_is_read() -> None:
    answer = {"SnapshotId": "snap-1", "State": "pending", "VolumeSize": 8, "StartTime": WHEN, "Tags": []}
    assert read_snapshot(answer) == Snapshot("snap-1", SnapshotState.PENDING, 8, "2026-05-04T03:02:01+00:00")
    assert read_snapshot({"SnapshotId": "snap-1", "State": "recoverable"}).state is SnapshotState.ERROR

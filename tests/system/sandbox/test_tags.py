"""Tags on the sandbox. What AWS does: EC2 API reference, CreateTags, DeleteTags; User Guide, "Tag
restrictions"."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from extenci.model.service import SandboxStatus

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def tags_of(ec2: EC2Client, thing: str) -> dict[str, str]:
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [thing]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


@pytest.fixture
def things(
    run: Callable[..., list[str]], make_image: Callable[..., str], make_snapshot: Callable[..., str]
) -> list[str]:
    return [*run(), make_image(), make_snapshot({})]


def test_tags_go_on_and_off_images_snapshots_and_machines(ec2: EC2Client, things: list[str]) -> None:
    pairs: Any = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    ec2.create_tags(Resources=things, Tags=pairs)
    assert [tags_of(ec2, thing) for thing in things] == [{"a": "1", "b": "2"}] * 3
    ec2.create_tags(Resources=things, Tags=[{"Key": "a", "Value": "3"}])
    ec2.delete_tags(Resources=things, Tags=[{"Key": "b"}, {"Key": "a", "Value": "other"}])
    assert [tags_of(ec2, thing) for thing in things] == [{"a": "3"}] * 3


def test_deleting_without_tags_deletes_them_all(ec2: EC2Client, things: list[str]) -> None:
    """DeleteTags: "If you omit this parameter, we delete all user-defined tags"."""
    ec2.create_tags(Resources=things, Tags=[{"Key": "a", "Value": "1"}])
    ec2.delete_tags(Resources=things)
    assert [tags_of(ec2, thing) for thing in things] == [{}] * 3


def test_lists_may_be_counted_from_zero(sandbox: SandboxStatus, ec2: EC2Client, things: list[str]) -> None:
    """HTCondor's ec2_gahp sends ResourceId.0 and Tag.0; AWS takes it (seen), moto refuses it."""
    machine = things[0]
    query = {
        "Action": "CreateTags",
        "Version": "2016-11-15",
        "ResourceId.0": machine,
        "Tag.0.Key": "a",
        "Tag.0.Value": "1",
        "Tag.1.Key": "b",
        "Tag.1.Value": "2",
    }
    scope = "AKIATEST000000000000/20260101/0/127/aws4_request"
    request = urllib.request.Request(  # noqa: S310
        f"{sandbox.ec2}/?{urlencode(query)}",
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 200
    assert tags_of(ec2, machine) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("aws:mine", "x", "InvalidParameterValue"),
        ("k" * 128, "x", "InvalidParameterValue"),
        ("k", "v" * 256, "InvalidParameterValue"),
        ("", "x", "InvalidParameterValue"),
    ],
)
def test_tags_that_cannot_be_are_refused(ec2: EC2Client, image: str, key: str, value: str, code: str) -> None:
    with refused(code):
        ec2.create_tags(Resources=[image], Tags=[{"Key": key, "Value": value}])


def test_the_longest_tags_are_taken(ec2: EC2Client, make_image: Callable[..., str]) -> None:
    image = make_image()
    ec2.create_tags(Resources=[image], Tags=[{"Key": "ü" * 127, "Value": "ß" * 255}])
    assert tags_of(ec2, image) == {"ü" * 127: "ß" * 255}


def test_a_thing_has_up_to_fifty_tags(ec2: EC2Client, make_image: Callable[..., str]) -> None:
    """TagLimitExceeded, and none of the tags is made."""
    image = make_image()
    fifty: Any = [{"Key": f"key{number}", "Value": ""} for number in range(50)]
    ec2.create_tags(Resources=[image], Tags=fifty)
    ec2.create_tags(Resources=[image], Tags=[{"Key": "key7", "Value": "changed"}])
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[image], Tags=[{"Key": "one more", "Value": ""}])
    assert len(tags_of(ec2, image)) == 50


@pytest.mark.parametrize(
    ("thing", "code"),
    [
        ("i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
        ("ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
        ("snap-0123456789abcdef0", "InvalidSnapshot.NotFound"),
        ("vol-0123456789abcdef0", "InvalidVolume.NotFound"),
        ("nothing", "InvalidID"),
    ],
)
def test_what_does_not_exist_cannot_be_tagged(ec2: EC2Client, image: str, thing: str, code: str) -> None:
    """moto tags machines that do not exist. On AWS one unknown id refuses the whole request."""
    with refused(code):
        ec2.create_tags(Resources=[image, thing], Tags=[{"Key": "half", "Value": "done"}])
    assert "half" not in tags_of(ec2, image)


def test_what_is_deleted_takes_its_tags_along(ec2: EC2Client) -> None:
    def tagged(kind: str) -> Any:
        return [{"ResourceType": kind, "Tags": [{"Key": "kept", "Value": "not for long"}]}]

    def those_with_tags() -> set[str]:
        found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["kept"]}])["Tags"]
        return {one["ResourceId"] for one in found}

    volume = ec2.create_volume(Size=1, AvailabilityZone="us-east-1a", TagSpecifications=tagged("volume"))[
        "VolumeId"
    ]
    key = ec2.create_key_pair(KeyName="kept", TagSpecifications=tagged("key-pair"))["KeyPairId"]
    group = ec2.create_security_group(
        GroupName="kept", Description="kept", TagSpecifications=tagged("security-group")
    )["GroupId"]
    address = ec2.allocate_address(TagSpecifications=tagged("elastic-ip"))["AllocationId"]
    assert those_with_tags() == {volume, key, group, address}
    ec2.delete_volume(VolumeId=volume)
    ec2.delete_key_pair(KeyName="kept")
    ec2.delete_security_group(GroupId=group)
    ec2.release_address(AllocationId=address)
    assert those_with_tags() == set()

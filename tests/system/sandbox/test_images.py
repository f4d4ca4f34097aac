"""AMIs on the sandbox. What AWS does: EC2 API reference, RegisterImage, DescribeImages, DeregisterImage,
DeleteSnapshot, and its "Error codes"."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_an_image_is_described_as_it_was_registered(
    ec2: EC2Client, make_image: Callable[..., str], snapshot: str
) -> None:
    """RegisterImage keeps mappings, settings and tags; moto drops them all."""
    image = make_image(
        Name="as-registered",
        Description="a worker",
        Architecture="arm64",
        BootMode="uefi",
        TpmSupport="v2.0",
        ImdsSupport="v2.0",
        SriovNetSupport="simple",
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"SnapshotId": snapshot, "VolumeSize": 8, "VolumeType": "gp3", "Iops": 4000},
            },
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
        ],
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "extenci:name", "Value": "worker"}]}],
    )
    found = ec2.describe_images(ImageIds=[image])["Images"][0]
    for name, value in {
        "Name": "as-registered",
        "Description": "a worker",
        "Architecture": "arm64",
        "VirtualizationType": "hvm",
        "BootMode": "uefi",
        "TpmSupport": "v2.0",
        "ImdsSupport": "v2.0",
        "EnaSupport": True,
        "SriovNetSupport": "simple",
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "State": "available",
        "Public": False,
        "Tags": [{"Key": "extenci:name", "Value": "worker"}],
    }.items():
        assert found.get(name) == value, name
    mappings = {mapping["DeviceName"]: mapping for mapping in found["BlockDeviceMappings"]}
    assert mappings["/dev/xvda"]["Ebs"] == {
        "SnapshotId": snapshot,
        "VolumeSize": 8,
        "VolumeType": "gp3",
        "Iops": 4000,
        "DeleteOnTermination": True,
        "Encrypted": False,
    }
    assert mappings["/dev/sdb"]["VirtualName"] == "ephemeral0"


def test_what_is_not_said_gets_the_defaults_of_aws(ec2: EC2Client, make_image: Callable[..., str]) -> None:
    """RegisterImage: "Default: For Amazon EBS-backed AMIs, i386"; "Default: paravirtual"."""
    image = make_image(Architecture=None, VirtualizationType=None, EnaSupport=None)
    found = ec2.describe_images(ImageIds=[image])["Images"][0]
    assert (found["Architecture"], found["VirtualizationType"]) == ("i386", "paravirtual")
    assert found["EnaSupport"] is False
    assert "BootMode" not in found


def test_registering_makes_no_snapshot(ec2: EC2Client, make_image: Callable[..., str]) -> None:
    """moto makes an unrelated one for each AMI."""
    before = {found["SnapshotId"] for found in ec2.describe_snapshots()["Snapshots"]}
    make_image()
    assert {found["SnapshotId"] for found in ec2.describe_snapshots()["Snapshots"]} == before


def test_there_are_no_images_but_ones_own(ec2: EC2Client, image: str) -> None:
    owners = {found["OwnerId"] for found in ec2.describe_images(Owners=["self"])["Images"]}
    assert len(owners) == 1
    assert ec2.describe_images(Owners=["amazon"])["Images"] == []
    assert image in {found["ImageId"] for found in ec2.describe_images(Owners=["self"])["Images"]}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Name": "ab"}, "InvalidAMIName.Malformed"),
        ({"Name": "a" * 129}, "InvalidAMIName.Malformed"),
        ({"Name": "no*stars"}, "InvalidAMIName.Malformed"),
        ({"BlockDeviceMappings": None}, "MissingParameter"),
        ({"RootDeviceName": "/dev/sda1"}, "InvalidBlockDeviceMapping"),
        ({"RootDeviceName": None}, "InvalidBlockDeviceMapping"),
        ({"Architecture": "sparc"}, "InvalidParameterValue"),
        ({"BootMode": "floppy"}, "InvalidParameterValue"),
        ({"VirtualizationType": "container"}, "InvalidParameterValue"),
        ({"TpmSupport": "v2.0", "BootMode": "legacy-bios"}, "InvalidParameterCombination"),
        (
            {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]},
            "InvalidParameterValue",
        ),
    ],
)
def test_what_aws_refuses_to_register_is_refused(
    make_image: Callable[..., str], changed: dict[str, Any], code: str
) -> None:
    """The codes of "Error codes for the Amazon EC2 API"."""
    with refused(code):
        make_image(**changed)


@pytest.mark.parametrize(
    ("device", "code"),
    [
        ({"SnapshotId": "snap-0123456789abcdef0"}, "InvalidSnapshot.NotFound"),
        ({"VolumeSize": 1}, "InvalidBlockDeviceMapping"),
        ({"VolumeType": "floppy"}, "InvalidParameterValue"),
    ],
)
def test_a_block_device_that_cannot_be_is_refused(
    make_image: Callable[..., str], snapshot: str, device: dict[str, Any], code: str
) -> None:
    """An unknown snapshot; a volume smaller than its snapshot (2 GiB); an unknown volume type."""
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot} | device}
    with refused(code):
        make_image(BlockDeviceMappings=[mapping])


def test_an_image_of_a_snapshot_that_is_not_completed_is_refused(
    ebs: EBSClient, make_image: Callable[..., str]
) -> None:
    pending = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    with refused("IncorrectState"):
        make_image(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": pending}}])


def test_a_name_is_taken_until_its_image_is_deregistered(
    ec2: EC2Client, make_image: Callable[..., str]
) -> None:
    """RegisterImage has no client token: InvalidAMIName.Duplicate is what keeps it from making two."""
    first = make_image(Name="only-one")
    with refused("InvalidAMIName.Duplicate"):
        make_image(Name="only-one")
    ec2.deregister_image(ImageId=first)
    make_image(Name="only-one")


def test_a_manifest_in_s3_must_be_one(ec2: EC2Client, s3: S3Client, make_image: Callable[..., str]) -> None:
    """InvalidManifest; moto accepts any ImageLocation."""
    bundle = {"BlockDeviceMappings": None, "RootDeviceName": None}
    with refused("InvalidManifest"):
        make_image(ImageLocation="bundles/worker.manifest.xml", **bundle)
    s3.create_bucket(Bucket="bundles")
    s3.put_object(Bucket="bundles", Key="worker.manifest.xml", Body=b"<manifest/>")
    with refused("InvalidManifest"):
        make_image(ImageLocation="bundles/worker.manifest.xml", **bundle)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "filter-me-please"),
        ("name", "filter-me-*"),
        ("tag:colour", "green"),
        ("tag-key", "colour"),
        ("image-id", "IMAGE"),
        ("block-device-mapping.snapshot-id", "SNAPSHOT"),
    ],
)
def test_images_are_found_by_filters(
    ec2: EC2Client,
    make_image: Callable[..., str],
    make_snapshot: Callable[..., str],
    name: str,
    value: str,
) -> None:
    snapshot = make_snapshot({})
    image = make_image(
        Name="filter-me-please",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "colour", "Value": "green"}]}],
    )
    wanted = value.replace("IMAGE", image).replace("SNAPSHOT", snapshot)
    found = ec2.describe_images(Filters=[{"Name": name, "Values": [wanted]}])["Images"]
    ec2.deregister_image(ImageId=image)
    assert [one["ImageId"] for one in found] == [image]


@pytest.mark.parametrize(
    "call",
    ["describe_images", "describe_instances", "describe_snapshots", "describe_import_snapshot_tasks"],
)
def test_an_unknown_filter_is_refused_also_where_there_is_nothing(ec2: EC2Client, call: str) -> None:
    unknown = {"Name": "colour", "Values": ["green"]}
    with refused("InvalidParameterValue"):
        getattr(ec2, call)(Filters=[{"Name": "tag-key", "Values": ["no-such-key"]}, unknown])


def test_a_deregistered_image_is_gone(
    ec2: EC2Client, make_image: Callable[..., str], run: Callable[..., list[str]]
) -> None:
    """InvalidAMIID.Unavailable: "The specified AMI has been deregistered and is no longer available"."""
    image = make_image()
    ec2.deregister_image(ImageId=image)
    assert image not in {found["ImageId"] for found in ec2.describe_images()["Images"]}
    with refused("InvalidAMIID.Unavailable"):
        ec2.deregister_image(ImageId=image)
    with refused("InvalidAMIID.NotFound"):
        run(ImageId=image)


def test_an_unknown_image_is_not_found(ec2: EC2Client) -> None:
    with refused("InvalidAMIID.NotFound"):
        ec2.deregister_image(ImageId="ami-0123456789abcdef0")
    with refused("InvalidAMIID.NotFound"):
        ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])
    with refused("InvalidAMIID.Malformed"):
        ec2.describe_images(ImageIds=["my-image"])


def test_a_snapshot_lives_as_long_as_an_image_uses_it(
    ec2: EC2Client, make_image: Callable[..., str], make_snapshot: Callable[..., str]
) -> None:
    """DeleteSnapshot: "You cannot delete a snapshot of the root device of an EBS volume used by a
    registered AMI." (InvalidSnapshot.InUse)"""
    snapshot = make_snapshot({})
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}
    first, second = (make_image(BlockDeviceMappings=[mapping]) for _ in range(2))
    for image in (first, second):
        with refused("InvalidSnapshot.InUse"):
            ec2.delete_snapshot(SnapshotId=snapshot)
        ec2.deregister_image(ImageId=image)
    ec2.delete_snapshot(SnapshotId=snapshot)
    with refused("InvalidSnapshot.NotFound"):
        ec2.delete_snapshot(SnapshotId=snapshot)


def test_images_are_paged_when_asked(ec2: EC2Client, make_image: Callable[..., str]) -> None:
    tag = [{"ResourceType": "image", "Tags": [{"Key": "paged", "Value": "yes"}]}]
    images = {make_image(TagSpecifications=tag) for _ in range(5)}
    pages = ec2.get_paginator("describe_images").paginate(
        Filters=[{"Name": "tag:paged", "Values": ["yes"]}], PaginationConfig={"PageSize": 2}
    )
    found = [[image["ImageId"] for image in page["Images"]] for page in pages]
    assert [len(page) for page in found] == [2, 2, 1]
    assert {image for page in found for image in page} == images


def test_an_image_made_of_a_machine_has_its_disks(
    ec2: EC2Client, run: Callable[..., list[str]], snapshot: str
) -> None:
    """CreateImage: a new snapshot of each volume; moto makes an empty one of 15 GiB."""
    (machine,) = run()
    image = ec2.create_image(InstanceId=machine, Name="of-a-machine")["ImageId"]
    copy = ec2.copy_image(SourceImageId=image, SourceRegion="us-east-1", Name="of-an-image")["ImageId"]
    found = ec2.describe_images(ImageIds=[image, copy])["Images"]
    assert [one["Architecture"] for one in found] == ["x86_64", "x86_64"]
    ebs = [one["BlockDeviceMappings"][0]["Ebs"] for one in found]
    assert [one["VolumeSize"] for one in ebs] == [2, 2]
    assert len({snapshot, *(one["SnapshotId"] for one in ebs)}) == 3
    ec2.get_waiter("snapshot_completed").wait(
        SnapshotIds=[one["SnapshotId"] for one in ebs], WaiterConfig={"Delay": 1}
    )
    run(ImageId=copy)
    with refused("InvalidAMIName.Duplicate"):
        ec2.create_image(InstanceId=machine, Name="of-a-machine")


def test_an_image_that_was_deregistered_a_moment_ago_is_not_found_and_no_error(
    ec2: EC2Client, make_image: Callable[..., str]
) -> None:
    """Terraform waits for this."""
    image = make_image()
    ec2.deregister_image(ImageId=image)
    assert ec2.describe_images(ImageIds=[image])["Images"] == []

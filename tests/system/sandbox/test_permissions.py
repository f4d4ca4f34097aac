"""Permissions and other attributes of images and snapshots on the sandbox. What AWS does: EC2 API reference,
ModifyImageAttribute, ResetImageAttribute, ModifySnapshotAttribute, ResetSnapshotAttribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

OTHER = {"UserId": "210987654321"}
ALL = {"Group": "all"}


def new_names(operation: str) -> Any:
    return {"CreateVolumePermission": {operation.capitalize(): [OTHER, ALL]}}


def old_names(operation: str) -> Any:
    return {"OperationType": operation, "UserIds": [OTHER["UserId"]], "GroupNames": ["all"]}


@pytest.mark.parametrize("asked", [new_names, old_names])
def test_snapshots_are_shared_by_both_spellings_of_the_call(
    ec2: EC2Client, make_snapshot: Callable[..., str], asked: Callable[[str], Any]
) -> None:
    snapshot = make_snapshot()

    def permissions() -> Any:
        found = ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
        return sorted(found["CreateVolumePermissions"], key=str)

    ec2.modify_snapshot_attribute(SnapshotId=snapshot, **asked("add"))
    assert permissions() == [ALL, OTHER]
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, **asked("remove"))
    assert permissions() == []
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, **asked("add"))
    ec2.reset_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert permissions() == []


def test_an_images_permissions_and_description_change(ec2: EC2Client, make_image: Callable[..., str]) -> None:
    image = make_image(Description="first")

    def seen() -> Any:
        permissions = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
        (found,) = ec2.describe_images(ImageIds=[image])["Images"]
        return found["Description"], permissions["LaunchPermissions"]

    add: Any = {"Add": [OTHER]}
    ec2.modify_image_attribute(ImageId=image, LaunchPermission=add, Description={"Value": "second"})
    assert seen() == ("second", [OTHER])
    ec2.modify_image_attribute(ImageId=image, Attribute="description", Value="third")
    assert seen() == ("third", [OTHER])
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    assert seen() == ("third", [])

"""EC2's snapshots on the sandbox. What AWS does: EC2 API reference, DescribeSnapshots, DeleteSnapshot,
CreateSnapshot, ImportSnapshot, DescribeImportSnapshotTasks; VM Import/Export User Guide."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from extenci.model.service import SandboxStatus

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

    Until = Callable[[Callable[[], object]], None]


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def disk(sandbox: SandboxStatus, snapshot: str) -> Path:
    return sandbox.calls.parent / "disks" / f"{snapshot}.raw"


def test_there_are_no_snapshots_but_ones_own(ec2: EC2Client, snapshot: str) -> None:
    """moto ships hundreds, of its AMIs."""
    mine = {found["SnapshotId"] for found in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    everybodys = {found["SnapshotId"] for found in ec2.describe_snapshots()["Snapshots"]}
    assert snapshot in mine
    assert mine == everybodys
    assert ec2.describe_snapshots(OwnerIds=["999999999999"])["Snapshots"] == []


def test_snapshots_are_found_by_filters(
    ec2: EC2Client, ebs: EBSClient, make_snapshot: Callable[..., str]
) -> None:
    tags = [{"Key": "find", "Value": "me"}]
    done = make_snapshot({}, Tags=tags)
    pending = ebs.start_snapshot(VolumeSize=1, Tags=tags)["SnapshotId"]  # type: ignore[arg-type]

    def found(**filters: str) -> set[str]:
        asked: Any = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        return {one["SnapshotId"] for one in ec2.describe_snapshots(Filters=asked)["Snapshots"]}

    assert found(**{"tag:find": "me"}) == {done, pending}
    assert found(**{"tag:find": "me", "status": "completed"}) == {done}
    assert found(**{"tag:find": "me", "status": "pending"}) == {pending}
    assert found(**{"snapshot-id": done}) == {done}
    with refused("InvalidParameterValue"):
        found(colour="green")


def test_snapshots_are_paged_when_asked(ec2: EC2Client, ebs: EBSClient) -> None:
    """MaxResults 5 to 1000."""
    made = [
        ebs.start_snapshot(VolumeSize=1, Tags=[{"Key": "paged", "Value": "yes"}])["SnapshotId"]
        for _ in range(7)
    ]
    only: Any = [{"Name": "tag:paged", "Values": ["yes"]}]
    first = ec2.describe_snapshots(Filters=only, MaxResults=5)
    ec2.delete_snapshot(SnapshotId=made[0])
    second = ec2.describe_snapshots(Filters=only, MaxResults=5, NextToken=first["NextToken"])
    found = [one["SnapshotId"] for page in (first, second) for one in page["Snapshots"]]
    assert found == made
    assert not second.get("NextToken")
    with refused("InvalidParameterValue"):
        ec2.describe_snapshots(MaxResults=4)


def test_a_deleted_snapshot_is_gone_with_its_disk(
    sandbox: SandboxStatus, ec2: EC2Client, make_snapshot: Callable[..., str]
) -> None:
    snapshot = make_snapshot({0: b"data"})
    assert disk(sandbox, snapshot).exists()
    ec2.delete_snapshot(SnapshotId=snapshot)
    assert not disk(sandbox, snapshot).exists()
    with refused("InvalidSnapshot.NotFound"):
        ec2.describe_snapshots(SnapshotIds=[snapshot])


def test_a_pending_snapshot_can_be_deleted(
    sandbox: SandboxStatus, ec2: EC2Client, ebs: EBSClient, put: Callable[[str, int, bytes], None]
) -> None:
    """EBS User Guide: to cancel an incomplete snapshot, delete it."""
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    put(snapshot, 0, b"data")
    ec2.delete_snapshot(SnapshotId=snapshot)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        put(snapshot, 1, b"data")
    assert not disk(sandbox, snapshot).exists()


def test_a_snapshot_of_a_machines_volume_has_its_content(
    sandbox: SandboxStatus,
    ec2: EC2Client,
    run: Callable[..., list[str]],
    instance_of: Callable[[str], dict[str, Any]],
    snapshot: str,
) -> None:
    """CreateSnapshot. Simulated machines write nothing, so it is what the machine was started from."""
    volume = instance_of(run()[0])["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    tags: Any = [{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = ec2.create_snapshot(VolumeId=volume, Description="backup", TagSpecifications=tags)
    assert made["VolumeId"] == volume
    assert made["Tags"] == [{"Key": "a", "Value": "b"}]
    with disk(sandbox, made["SnapshotId"]).open("rb") as copy, disk(sandbox, snapshot).open("rb") as source:
        assert copy.read(1 << 20) == source.read(1 << 20)


@pytest.fixture(scope="module")
def bucket(s3: S3Client) -> str:
    s3.create_bucket(Bucket="imports")
    return "imports"


def imported(ec2: EC2Client, until: Until, **more: Any) -> dict[str, Any]:
    task = ec2.import_snapshot(**more)["ImportTaskId"]

    def detail() -> Any:
        found = ec2.describe_import_snapshot_tasks(ImportTaskIds=[task])["ImportSnapshotTasks"]
        return found[0]["SnapshotTaskDetail"]

    until(lambda: detail()["Status"] in ("completed", "deleted"))
    return dict(detail())


def test_a_raw_object_becomes_a_snapshot(
    sandbox: SandboxStatus, ec2: EC2Client, s3: S3Client, bucket: str, until: Until
) -> None:
    """ImportSnapshot; the volume is the disk's size in whole GiB."""
    content = bytes(3 << 20) + b"data" * 400_000 + b"end"
    s3.put_object(Bucket=bucket, Key="disk.raw", Body=content)
    place = {"S3Bucket": bucket, "S3Key": "disk.raw"}
    detail = imported(ec2, until, DiskContainer={"Format": "RAW", "UserBucket": place})
    assert detail["Status"] == "completed"
    path = disk(sandbox, detail["SnapshotId"])
    assert path.stat().st_size == 1 << 30
    assert path.stat().st_blocks * 512 < len(content)
    with path.open("rb") as file:
        assert file.read(len(content) + 10) == content + bytes(10)
    (found,) = ec2.describe_snapshots(SnapshotIds=[detail["SnapshotId"]])["Snapshots"]
    assert found["State"] == "completed"


def test_the_tags_of_an_import_go_on_the_task(
    ec2: EC2Client, s3: S3Client, bucket: str, until: Until
) -> None:
    """ "The tags to apply to the import snapshot task during creation"; the snapshot gets none."""
    s3.put_object(Bucket=bucket, Key="small.raw", Body=b"data")
    tags: Any = [{"ResourceType": "import-snapshot-task", "Tags": [{"Key": "a", "Value": "b"}]}]
    container: Any = {"Format": "RAW", "Url": f"s3://{bucket}/small.raw"}
    detail = imported(ec2, until, DiskContainer=container, TagSpecifications=tags)
    (found,) = ec2.describe_snapshots(SnapshotIds=[detail["SnapshotId"]])["Snapshots"]
    assert not found.get("Tags")
    only: Any = [{"Name": "tag:a", "Values": ["b"]}]
    (task,) = ec2.describe_import_snapshot_tasks(Filters=only)["ImportSnapshotTasks"]
    assert task["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("key", "kind", "told"),
    [("missing.raw", "RAW", "missing.raw"), ("disk.vmdk", "OVA", "Unsupported disk format OVA")],
)
def test_a_failed_import_is_deleted_and_says_why(
    ec2: EC2Client, s3: S3Client, bucket: str, until: Until, key: str, kind: str, told: str
) -> None:
    """Status `deleted` is AWS's word for failed; the reason is in StatusMessage."""
    s3.put_object(Bucket=bucket, Key="disk.vmdk", Body=b"KDMV")
    place = {"S3Bucket": bucket, "S3Key": key}
    detail = imported(ec2, until, DiskContainer={"Format": kind, "UserBucket": place})
    assert detail["Status"] == "deleted"
    assert told in detail["StatusMessage"]
    assert "SnapshotId" not in detail


@pytest.mark.parametrize(("kind", "name"), [("VMDK", "vmdk"), ("VHD", "vpc")])
def test_other_formats_are_imported_where_qemu_img_is(
    sandbox: SandboxStatus,
    ec2: EC2Client,
    s3: S3Client,
    bucket: str,
    until: Until,
    tmp_path: Path,
    kind: str,
    name: str,
) -> None:
    program = shutil.which("qemu-img")
    if program is None:
        pytest.skip("There is no qemu-img.")
    raw, other = tmp_path / "raw", tmp_path / "other"
    content = b"data" * 400_000
    raw.write_bytes(content.ljust(4 << 20, b"\0"))
    subprocess.run([program, "convert", "-f", "raw", "-O", name, raw, other], check=True)
    s3.put_object(Bucket=bucket, Key="other", Body=other.read_bytes())
    place = {"S3Bucket": bucket, "S3Key": "other"}
    detail = imported(ec2, until, DiskContainer={"Format": kind, "UserBucket": place})
    assert detail["Status"] == "completed"
    with disk(sandbox, detail["SnapshotId"]).open("rb") as file:
        assert file.read(len(content) + 10) == content + bytes(10)
    s3.put_object(Bucket=bucket, Key="other", Body=b"no disk")
    detail = imported(ec2, until, DiskContainer={"Format": kind, "UserBucket": place})
    assert (detail["Status"], "SnapshotId" in detail) == ("deleted", False)


def test_the_same_token_and_request_is_the_same_import(ec2: EC2Client, s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="once.raw", Body=b"data")
    container: Any = {"Format": "RAW", "UserBucket": {"S3Bucket": bucket, "S3Key": "once.raw"}}
    first = ec2.import_snapshot(ClientToken="once", DiskContainer=container)["ImportTaskId"]
    assert ec2.import_snapshot(ClientToken="once", DiskContainer=container)["ImportTaskId"] == first
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        ec2.import_snapshot(ClientToken="once", Description="other", DiskContainer=container)
    assert ec2.import_snapshot(ClientToken="twice", DiskContainer=container)["ImportTaskId"] != first


def test_an_import_in_a_role_that_is_not_there_is_refused(ec2: EC2Client, bucket: str) -> None:
    container: Any = {"Format": "RAW", "UserBucket": {"S3Bucket": bucket, "S3Key": "any"}}
    with pytest.raises(ClientError, match="The service role other provided does not exist"):
        ec2.import_snapshot(RoleName="other", DiskContainer=container)

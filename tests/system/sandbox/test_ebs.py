"""EBS direct on the sandbox. What AWS does: EBS direct API reference (StartSnapshot, PutSnapshotBlock,
CompleteSnapshot, ListSnapshotBlocks, ListChangedBlocks, GetSnapshotBlock); EBS User Guide, "Use EBS direct
APIs". moto keeps blocks in memory and refuses nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from extenci.model.service import SandboxStatus

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client

    Put = Callable[[str, int, bytes], None]

BLOCK = 524288


@contextmanager
def refused(name: str, reason: str = "") -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == name
    assert caught.value.response.get("Reason", "") == reason


def block(data: bytes = b"data", **changed: Any) -> dict[str, Any]:
    content = data.ljust(BLOCK, b"\0")
    return {
        "BlockData": content,
        "DataLength": len(content),
        "Checksum": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "ChecksumAlgorithm": "SHA256",
    } | changed


def linear(*blocks: bytes) -> str:
    digests = b"".join(hashlib.sha256(data.ljust(BLOCK, b"\0")).digest() for data in blocks)
    return base64.b64encode(hashlib.sha256(digests).digest()).decode()


def disk(sandbox: SandboxStatus, snapshot: str) -> Path:
    return sandbox.calls.parent / "disks" / f"{snapshot}.raw"


@pytest.fixture
def pending(ebs: EBSClient) -> str:
    return ebs.start_snapshot(VolumeSize=1)["SnapshotId"]


def test_a_snapshot_holds_what_was_put(
    sandbox: SandboxStatus, ebs: EBSClient, make_snapshot: Callable[..., str]
) -> None:
    """On disk it is a sparse file as long as the volume, with only the blocks that were put."""
    snapshot = make_snapshot({0: b"first", 5: b"", 2047: b"last"})
    path = disk(sandbox, snapshot)
    assert path.stat().st_size == 1 << 30
    assert path.stat().st_blocks * 512 <= 2 * BLOCK
    with path.open("rb") as file:
        assert file.read(BLOCK) == b"first".ljust(BLOCK, b"\0")
        file.seek(2047 * BLOCK)
        assert file.read() == b"last".ljust(BLOCK, b"\0")
    assert [one["BlockIndex"] for one in ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]] == [
        0,
        5,
        2047,
    ]


def test_ec2_shows_a_started_snapshot(ec2: EC2Client, ebs: EBSClient, put: Put) -> None:
    """StartSnapshot's answer, and DescribeSnapshots with owner, tags, size and state."""
    started = ebs.start_snapshot(
        VolumeSize=3, Description="worker", Tags=[{"Key": "extenci:name", "Value": "worker"}]
    )
    assert (started["Status"], started["VolumeSize"], started["BlockSize"]) == ("pending", 3, BLOCK)
    assert started["Tags"] == [{"Key": "extenci:name", "Value": "worker"}]
    (found,) = ec2.describe_snapshots(SnapshotIds=[started["SnapshotId"]])["Snapshots"]
    assert (found["State"], found["VolumeSize"], found["Progress"]) == ("pending", 3, "0%")
    assert found["OwnerId"] == started["OwnerId"]
    assert found["Description"] == "worker"
    assert found["Tags"] == [{"Key": "extenci:name", "Value": "worker"}]
    assert abs(found["StartTime"] - started["StartTime"]).total_seconds() < 2


def test_completing_takes_a_moment(
    ec2: EC2Client, ebs: EBSClient, pending: str, until: Callable[[Callable[[], object]], None]
) -> None:
    """CompleteSnapshot answers 202 with Status pending; the snapshot is completed some time later."""
    answer = ebs.complete_snapshot(SnapshotId=pending, ChangedBlocksCount=0)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["Status"] == "pending"

    def found() -> Any:
        return ec2.describe_snapshots(SnapshotIds=[pending])["Snapshots"][0]

    until(lambda: found()["State"] == "completed")
    assert found()["Progress"] == "100%"


@pytest.mark.parametrize("gib", [None, 0, -1, 65537, 1.5, "big"])
def test_a_volume_has_1_to_65536_gib(ebs: EBSClient, gib: Any) -> None:
    with refused("ValidationException", "INVALID_VOLUME_SIZE"):
        ebs.start_snapshot(**{} if gib is None else {"VolumeSize": gib})


@pytest.mark.parametrize("minutes", [9, 4321])
def test_a_timeout_has_10_to_4320_minutes(ebs: EBSClient, minutes: int) -> None:
    with refused("ValidationException", "INVALID_PARAMETER_VALUE"):
        ebs.start_snapshot(VolumeSize=1, Timeout=minutes)


def test_the_same_token_starts_one_snapshot(ebs: EBSClient) -> None:
    """Same token and parameters: the same snapshot; other parameters: ConflictException."""
    token = uuid4().hex
    first = ebs.start_snapshot(VolumeSize=1, ClientToken=token, Tags=[{"Key": "a", "Value": "b"}])
    again = ebs.start_snapshot(VolumeSize=1, ClientToken=token, Tags=[{"Key": "a", "Value": "b"}])
    assert again["SnapshotId"] == first["SnapshotId"]
    with refused("ConflictException"):
        ebs.start_snapshot(VolumeSize=2, ClientToken=token, Tags=[{"Key": "a", "Value": "b"}])


def test_a_token_has_up_to_64_characters(ebs: EBSClient) -> None:
    with refused("ValidationException", "INVALID_PARAMETER_VALUE"):
        ebs.start_snapshot(VolumeSize=1, ClientToken="t" * 65)


def test_tags_are_checked(ebs: EBSClient) -> None:
    with refused("ValidationException", "INVALID_TAG"):
        ebs.start_snapshot(VolumeSize=1, Tags=[{"Key": "aws:a", "Value": "b"}])


@pytest.mark.parametrize(
    "changed",
    [
        {"DataLength": 512},
        {"BlockData": b"short", "DataLength": 5},
        {"Checksum": base64.b64encode(hashlib.sha256(b"other").digest()).decode()},
        {"Checksum": "no-base64"},
        {"BlockIndex": 2048},
    ],
)
def test_a_wrong_block_is_refused(ebs: EBSClient, pending: str, changed: dict[str, Any]) -> None:
    """A block has 524288 bytes, the checksum of its data, and an index within the volume (1 GiB: 2048)."""
    asked: dict[str, Any] = {"SnapshotId": pending, "BlockIndex": 0} | block() | changed
    with refused("ValidationException", "INVALID_BLOCK"):
        ebs.put_snapshot_block(**asked)
    ebs.complete_snapshot(SnapshotId=pending, ChangedBlocksCount=0)


def test_a_block_needs_a_checksum(ebs: EBSClient, pending: str) -> None:
    asked = block()
    del asked["ChecksumAlgorithm"]
    with refused("ValidationException", "INVALID_PARAMETER_VALUE"):
        ebs.put_snapshot_block(SnapshotId=pending, BlockIndex=0, **asked)


def test_a_put_answers_with_the_checksum(ebs: EBSClient, pending: str) -> None:
    asked = block()
    answer = ebs.put_snapshot_block(SnapshotId=pending, BlockIndex=0, **asked)
    assert (answer["Checksum"], answer["ChecksumAlgorithm"]) == (asked["Checksum"], "SHA256")


def test_the_last_put_of_a_block_counts_once(
    sandbox: SandboxStatus, ebs: EBSClient, pending: str, put: Put
) -> None:
    """Also when the block became zero."""
    for data in (b"one", b"two", b""):
        put(pending, 7, data)
    put(pending, 8, b"eight")
    ebs.complete_snapshot(
        SnapshotId=pending,
        ChangedBlocksCount=2,
        Checksum=linear(b"", b"eight"),
        ChecksumAlgorithm="SHA256",
        ChecksumAggregationMethod="LINEAR",
    )
    with disk(sandbox, pending).open("rb") as file:
        file.seek(7 * BLOCK)
        assert file.read(BLOCK) == bytes(BLOCK)


def test_the_number_of_blocks_must_match(ebs: EBSClient, pending: str, put: Put) -> None:
    """ChangedBlocksCount; and after the refusal the snapshot is still pending."""
    put(pending, 0, b"data")
    for count in (0, 2):
        with refused("ValidationException", "INVALID_PARAMETER_VALUE"):
            ebs.complete_snapshot(SnapshotId=pending, ChangedBlocksCount=count)
    put(pending, 1, b"data")
    ebs.complete_snapshot(SnapshotId=pending, ChangedBlocksCount=2)


def test_the_checksum_of_all_blocks_must_match(ebs: EBSClient, pending: str, put: Put) -> None:
    """LINEAR: SHA-256 over the blocks' digests in the order of their indexes."""
    put(pending, 9, b"nine")
    put(pending, 1, b"one")
    asked: Any = {
        "SnapshotId": pending,
        "ChangedBlocksCount": 2,
        "ChecksumAlgorithm": "SHA256",
        "ChecksumAggregationMethod": "LINEAR",
    }
    with refused("ValidationException", "INVALID_PARAMETER_VALUE"):
        ebs.complete_snapshot(Checksum=linear(b"nine", b"one"), **asked)
    ebs.complete_snapshot(Checksum=linear(b"one", b"nine"), **asked)


def test_a_completed_snapshot_takes_no_more_blocks(ebs: EBSClient, pending: str, put: Put) -> None:
    ebs.complete_snapshot(SnapshotId=pending, ChangedBlocksCount=0)
    with refused("ValidationException", "INVALID_SNAPSHOT_ID"):
        put(pending, 0, b"late")
    with refused("ValidationException", "INVALID_SNAPSHOT_ID"):
        ebs.complete_snapshot(SnapshotId=pending, ChangedBlocksCount=0)


def test_an_unknown_snapshot_is_not_found(ebs: EBSClient, put: Put) -> None:
    with refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND"):
        put("snap-0123456789abcdef0", 0, b"data")
    with refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND"):
        ebs.start_snapshot(VolumeSize=1, ParentSnapshotId="snap-0123456789abcdef0")


def test_a_child_starts_from_its_parent(
    sandbox: SandboxStatus, ebs: EBSClient, make_snapshot: Callable[..., str]
) -> None:
    """Blocks that are not put are the parent's, and only those put are counted. A block that became zero
    must be put."""
    parent = make_snapshot({0: b"same", 1: b"old", 2: b"gone"})
    child = make_snapshot({1: b"new", 2: b"", 4000: b"more"}, gib=2, ParentSnapshotId=parent)
    with disk(sandbox, child).open("rb") as file:
        for index, data in {0: b"same", 1: b"new", 2: b"", 3: b"", 4000: b"more"}.items():
            file.seek(index * BLOCK)
            assert file.read(BLOCK) == data.ljust(BLOCK, b"\0"), index
    assert disk(sandbox, child).stat().st_blocks * 512 <= 5 * BLOCK
    listed = ebs.list_snapshot_blocks(SnapshotId=child)["Blocks"]
    assert [one["BlockIndex"] for one in listed] == [0, 1, 2, 4000]


def test_a_parent_must_be_completed_and_not_bigger(
    ebs: EBSClient, pending: str, make_snapshot: Callable[..., str]
) -> None:
    with refused("ValidationException", "INVALID_SNAPSHOT_ID"):
        ebs.start_snapshot(VolumeSize=1, ParentSnapshotId=pending)
    with refused("ValidationException", "INVALID_VOLUME_SIZE"):
        ebs.start_snapshot(VolumeSize=1, ParentSnapshotId=make_snapshot({}, gib=2))


def test_blocks_are_read_back_with_their_tokens(ebs: EBSClient, make_snapshot: Callable[..., str]) -> None:
    snapshot = make_snapshot({3: b"three"})
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)
    (one,) = listed["Blocks"]
    assert (listed["VolumeSize"], listed["BlockSize"]) == (1, BLOCK)
    answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=3, BlockToken=one["BlockToken"])
    data = answer["BlockData"].read()
    assert data == b"three".ljust(BLOCK, b"\0")
    assert answer["Checksum"] == base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert answer["DataLength"] == BLOCK
    with refused("ValidationException", "INVALID_BLOCK_TOKEN"):
        ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=4, BlockToken=one["BlockToken"])


def test_a_pending_snapshot_cannot_be_read(ebs: EBSClient, pending: str) -> None:
    with refused("ValidationException", "INVALID_SNAPSHOT_ID"):
        ebs.list_snapshot_blocks(SnapshotId=pending)


def test_lists_are_paged(ebs: EBSClient, make_snapshot: Callable[..., str]) -> None:
    """MaxResults 100 to 10000; StartingBlockIndex."""
    snapshot = make_snapshot(dict.fromkeys(range(150), b""))
    first = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100)
    second = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100, NextToken=first["NextToken"])
    assert [one["BlockIndex"] for one in first["Blocks"] + second["Blocks"]] == list(range(150))
    assert "NextToken" not in second
    tail = ebs.list_snapshot_blocks(SnapshotId=snapshot, StartingBlockIndex=148)["Blocks"]
    assert [one["BlockIndex"] for one in tail] == [148, 149]
    for size in (99, 10001):
        with refused("ValidationException", "INVALID_PARAMETER_VALUE"):
            ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=size)
    with refused("ValidationException", "INVALID_PAGE_TOKEN"):
        ebs.list_snapshot_blocks(SnapshotId=snapshot, NextToken="abc")


def test_changed_blocks_are_those_whose_content_differs(
    ebs: EBSClient, make_snapshot: Callable[..., str]
) -> None:
    parent = make_snapshot({0: b"same", 1: b"old", 2: b"gone"})
    child = make_snapshot({0: b"same", 1: b"new", 2: b"", 5: b"more"}, ParentSnapshotId=parent)
    changed = ebs.list_changed_blocks(FirstSnapshotId=parent, SecondSnapshotId=child)["ChangedBlocks"]
    tokens = {one["BlockIndex"]: {name for name in one if name != "BlockIndex"} for one in changed}
    assert tokens == {
        1: {"FirstBlockToken", "SecondBlockToken"},
        2: {"FirstBlockToken", "SecondBlockToken"},
        5: {"SecondBlockToken"},
    }
    with refused("ValidationException", "UNRELATED_SNAPSHOTS"):
        ebs.list_changed_blocks(FirstSnapshotId=make_snapshot({}), SecondSnapshotId=child)


def test_many_threads_put_at_once(sandbox: SandboxStatus, ebs: EBSClient, put: Put) -> None:
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda index: put(snapshot, index, b"%d" % index), range(64)))
    ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=64)
    with disk(sandbox, snapshot).open("rb") as file:
        for index in range(64):
            assert file.read(BLOCK) == (b"%d" % index).ljust(BLOCK, b"\0")

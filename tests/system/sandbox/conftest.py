"""One real sandbox for all tests of this folder, and clients of it."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from extenci.model.service import SandboxStatus
from extenci.sandbox import control

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

BLOCK = 524288


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStatus]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.6")
        started = control.start(home)
    yield started
    control.stop(home)


@pytest.fixture(scope="session")
def client_of(sandbox: SandboxStatus) -> Iterator[Callable[..., Any]]:
    """client_of("ec2", "AKIA…", region=…): a boto3 client of the sandbox with an access key of choice."""
    clients = []

    def make(service: str, key: str = "AKIATEST000000000000", region: str = "us-east-1") -> Any:
        client = boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=getattr(sandbox, service),
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="anything",
            config=Config(retries={"max_attempts": 0}, max_pool_connections=16, parameter_validation=False),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def ec2(client_of: Callable[..., Any]) -> EC2Client:
    client: EC2Client = client_of("ec2")
    return client


@pytest.fixture(scope="session")
def ebs(client_of: Callable[..., Any]) -> EBSClient:
    client: EBSClient = client_of("ebs")
    return client


@pytest.fixture(scope="session")
def s3(client_of: Callable[..., Any]) -> S3Client:
    client: S3Client = client_of("s3")
    return client


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], object]], None]:
    """until(question): returns when the answer is true; fails after 10 seconds."""

    def wait(question: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not question():
            assert time.monotonic() < deadline, "it did not come about within 10 seconds"
            time.sleep(0.03)

    return wait


@pytest.fixture(scope="session")
def put(ebs: EBSClient) -> Callable[[str, int, bytes], None]:
    """put(snapshot, index, data): puts one block, padded with zeros."""

    def one(snapshot: str, index: int, data: bytes) -> None:
        block = data.ljust(BLOCK, b"\0")
        ebs.put_snapshot_block(
            SnapshotId=snapshot,
            BlockIndex=index,
            BlockData=block,
            DataLength=BLOCK,
            Checksum=base64.b64encode(hashlib.sha256(block).digest()).decode(),
            ChecksumAlgorithm="SHA256",
        )

    return one


@pytest.fixture(scope="session")
def make_snapshot(
    ec2: EC2Client,
    ebs: EBSClient,
    put: Callable[[str, int, bytes], None],
    until: Callable[[Callable[[], object]], None],
) -> Callable[..., str]:
    """make_snapshot(blocks, gib=1, **more): a completed snapshot with these blocks."""

    def state(snapshot: str) -> str:
        return ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"]

    def make(blocks: Mapping[int, bytes] = {0: b"boot"}, gib: int = 1, **more: Any) -> str:
        snapshot = ebs.start_snapshot(VolumeSize=gib, **more)["SnapshotId"]
        for index, data in blocks.items():
            put(snapshot, index, data)
        ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=len(blocks))
        until(lambda: state(snapshot) == "completed")
        return snapshot

    return make


@pytest.fixture(scope="session")
def snapshot(make_snapshot: Callable[..., str]) -> str:
    """A completed snapshot of 2 GiB that every test may use and none may delete."""
    return make_snapshot(gib=2)


@pytest.fixture(scope="session")
def make_image(ec2: EC2Client, snapshot: str) -> Callable[..., str]:
    """make_image(**changed): registers an AMI for today's machines, with some parameters changed."""

    def make(**changed: Any) -> str:
        asked: dict[str, Any] = {
            "Name": f"image-{uuid4().hex}",
            "Architecture": "x86_64",
            "VirtualizationType": "hvm",
            "EnaSupport": True,
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        }
        asked |= changed
        kept = {name: value for name, value in asked.items() if value is not None}
        return ec2.register_image(**kept)["ImageId"]

    return make


@pytest.fixture(scope="session")
def image(make_image: Callable[..., str]) -> str:
    """A registered AMI that every test may use and none may deregister."""
    return make_image()


@pytest.fixture(scope="session")
def run(ec2: EC2Client, image: str) -> Callable[..., list[str]]:
    """run(**more): launches one t3.micro (or what is said) and gives the instance ids."""

    def launch(**more: Any) -> list[str]:
        asked: dict[str, Any] = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        return [one["InstanceId"] for one in ec2.run_instances(**(asked | more))["Instances"]]

    return launch


@pytest.fixture(scope="session")
def instance_of(ec2: EC2Client) -> Callable[[str], dict[str, Any]]:
    """instance_of(id): what DescribeInstances says of one machine."""

    def describe(instance: str) -> dict[str, Any]:
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return dict(found)

    return describe

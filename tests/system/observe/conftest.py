"""One sandbox and one HTCondor for all tests of this folder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from extenci.cloud.aws.requests.parameters import RegisterRequest
from extenci.cloud.clients import Clients
from extenci.model.observed import SnapshotState
from extenci.model.service import KeyFiles, SandboxStatus, Service
from extenci.model.version import BLOCK_BYTES, Architecture, Method, Registration
from extenci.sandbox import control
from tests.condor_pool.pool import Pool
from tests.system.observe.queue import Queue


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, with an image to launch and copies of its keys that HTCondor's jobs can read."""

    home: Path
    status: SandboxStatus
    image: str
    keys: tuple[Path, Path]


@pytest.fixture(scope="session")
def start_sandbox(
    condor_pool: Pool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Sandbox]]:
    """start_sandbox(server="AmazonEC2"): a new sandbox whose EC2 calls itself that."""
    homes = []

    def start(server: str = "AmazonEC2") -> Sandbox:
        home = tmp_path_factory.mktemp("home")
        homes.append(home)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.3")
            patch.setenv("EXTENCI_SANDBOX_SERVER_NAME", server)
            status = control.start(home)
        texts = [path.read_text("utf-8") for path in control.key_files(home)]
        access, secret = (condor_pool.write_key(uuid4().hex, text) for text in texts)
        return Sandbox(home, status, register_image(home, status), (access, secret))

    yield start
    for home in homes:
        control.stop(home)


def register_image(home: Path, status: SandboxStatus) -> str:
    """A registered image of 1 GiB with one block of data."""
    access, secret = control.key_files(home)
    keys = KeyFiles(str(access), str(secret))
    clients = Clients(
        Service("sandbox", region="us-east-1", ec2=status.ec2, s3=status.s3, ebs=status.ebs, credentials=keys)
    )
    data = b"boot".ljust(BLOCK_BYTES, b"\0")
    sha256 = hashlib.sha256(data).digest()
    snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, {})
    clients.unjournalled.ebs.put_block(snapshot, 0, data, sha256)
    clients.unjournalled.ebs.complete(snapshot, 1, hashlib.sha256(sha256).digest())
    registration = Registration(Architecture.X86_64, None, Method.EBS, 1)
    while clients.ec2.snapshots_by_id([snapshot])[0].state is not SnapshotState.COMPLETED:
        time.sleep(0.05)
    image = clients.unjournalled.ec2.register_image(
        RegisterRequest(
            name=uuid4().hex, snapshot=snapshot, registration=registration, tags={}, volume_type="gp3"
        )
    )
    clients.close()
    return image


@pytest.fixture(scope="session")
def sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox()


@pytest.fixture(scope="session")
def queue_at(condor_pool: Pool) -> Iterator[Callable[[Sandbox], Queue]]:
    """queue_at(sandbox): this HTCondor's queue for jobs there."""
    clients = []

    def make(at: Sandbox) -> Queue:
        access, secret = (path.read_text("utf-8").strip() for path in control.key_files(at.home))
        client = boto3.client(
            "ec2",
            endpoint_url=at.status.ec2,
            region_name="us-east-1",
            aws_access_key_id=access,
            aws_secret_access_key=secret,
        )
        clients.append(client)
        return Queue(condor_pool, at.status, client, at.image, at.keys)

    with condor_pool.as_client():
        yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def queue(queue_at: Callable[[Sandbox], Queue], sandbox: Sandbox) -> Queue:
    """The queue, with one job in it that stays: its gridmanager and GAHP take 8 seconds to start."""
    made = queue_at(sandbox)
    made.submit()
    return made

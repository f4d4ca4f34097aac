"""One real sandbox for all tests of this folder, as a service, and things made there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from extenci.cloud.aws.requests.parameters import RegisterRequest
from extenci.cloud.clients import Clients
from extenci.model.observed import SnapshotState
from extenci.model.service import KeyFiles, Service
from extenci.model.version import BLOCK_BYTES, Architecture, BootMode, Method, Registration
from extenci.sandbox import control


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.1")
        status = control.start(home)
    access, secret = control.key_files(home)
    yield Service(
        name="campus",
        region="us-east-1",
        ec2=status.ec2,
        s3=status.s3,
        ebs=status.ebs,
        credentials=KeyFiles(str(access), str(secret)),
    )
    control.stop(home)


@pytest.fixture(scope="session")
def clients(service: Service) -> Iterator[Clients]:
    made = Clients(service)
    yield made
    made.close()


@pytest.fixture
def with_keys(service: Service, tmp_path: Path) -> Iterator[Callable[..., Clients]]:
    """with_keys("AKIA…", **more): clients of the service with an access key of choice, and more changed."""
    opened = []

    def make(key: str = "AKIATEST000000000000", secret: str = "anything", **more: str) -> Clients:  # noqa: S107
        access_file, secret_file = tmp_path / "access", tmp_path / "secret"
        access_file.write_text(key)
        secret_file.write_text(secret)
        files = KeyFiles(str(access_file), str(secret_file))
        opened.append(Clients(replace(service, credentials=files, **more)))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def make_snapshot(clients: Clients) -> Callable[..., str]:
    """make_snapshot(tags): a completed snapshot of 1 GiB with one block of data."""

    def make(tags: Mapping[str, str] | None = None) -> str:
        data = b"boot".ljust(BLOCK_BYTES, b"\0")
        sha256 = hashlib.sha256(data).digest()
        snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, tags or {})
        clients.unjournalled.ebs.put_block(snapshot, 0, data, sha256)
        clients.unjournalled.ebs.complete(snapshot, 1, hashlib.sha256(sha256).digest())
        deadline = time.monotonic() + 10
        while clients.ec2.snapshots_by_id([snapshot])[0].state is not SnapshotState.COMPLETED:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return snapshot

    return make


@pytest.fixture(scope="session")
def make_image(clients: Clients, make_snapshot: Callable[..., str]) -> Callable[..., str]:
    """make_image(tags, snapshot): a registered image of 2 GiB."""

    def make(tags: Mapping[str, str] | None = None, snapshot: str = "", name: str = "") -> str:
        registration = Registration(Architecture.X86_64, BootMode.UEFI_PREFERRED, Method.EBS, 2)
        return clients.unjournalled.ec2.register_image(
            RegisterRequest(
                name=name or f"image-{uuid4().hex}",
                snapshot=snapshot or make_snapshot(),
                registration=registration,
                tags=tags or {},
                volume_type="gp3",
            )
        )

    return make


@pytest.fixture(scope="session")
def image(make_image: Callable[..., str]) -> str:
    """An image that every test may launch and none may deregister."""
    return make_image()

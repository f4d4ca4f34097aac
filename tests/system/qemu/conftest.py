"""Sandboxes whose machines are real, the images they boot, and ways to look at them."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from extenci.model.errors import SandboxError
from extenci.model.service import SandboxStatus
from extenci.sandbox import control
from extenci.sandbox.bootable import Recipe, make_image
from extenci.sandbox.bootable.tools import find_tools
from extenci.sandbox.qemu.installation import find_qemu

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

BOOT_SECONDS = 90.0
"""Far more than it takes (7 s where nothing else runs): emulation shares two cores with other tests."""
BLOCK = 524288
MakeImage = Callable[[str], Path]


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """QEMU and what images are made with. In CI they must be there."""
    found = find_qemu()
    missing = found if isinstance(found, str) else ""
    try:
        find_tools()
    except SandboxError as error:
        missing = f"{error.message} {error.hint}"
    if missing and os.environ.get("EXTENCI_CI"):
        pytest.fail(f"No machine can be booted, and EXTENCI_CI is set: {missing}", pytrace=False)
    if missing:
        pytest.skip(f"No machine can be booted here: {missing}")


@pytest.fixture(autouse=True)
def _real_machines(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Their disks are made once, for the specs of all tests."""
    monkeypatch.setenv("EXTENCI_TRUST", f"sources:{tmp_path_factory.getbasetemp().parent}")
    monkeypatch.setenv("EXTENCI_SANDBOX_MACHINES", "qemu")
    monkeypatch.setenv("EXTENCI_SANDBOX_MEMORY", "9000")  # 1 GiB for each machine


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> MakeImage:
    """Makes `plain`, `no-ssh` or `panic`, once for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "bootable-images"
    shared.mkdir(exist_ok=True)
    recipes = {"plain": Recipe(), "no-ssh": Recipe(ssh=False), "panic": Recipe(panic=True)}

    def made(name: str) -> Path:
        path = shared / f"{name}.raw"
        with (shared / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                make_image(path, shared / "kernels", recipes[name])
        return path

    return made


@dataclass
class Cloud:
    """A sandbox of its own, seen through boto3."""

    status: SandboxStatus
    home: Path
    keys: dict[str, str] = field(
        default_factory=lambda: {
            "region_name": "us-east-1",
            "aws_access_key_id": "AKIATEST",
            "aws_secret_access_key": "secret",
        }
    )

    @property
    def ec2(self) -> EC2Client:
        return boto3.client("ec2", endpoint_url=self.status.ec2, **self.keys)  # type: ignore[call-overload, no-any-return]

    def stage(self, disk: Path | None, **more: Any) -> str:
        """An image of a disk, or of an empty one."""
        ebs = boto3.client("ebs", endpoint_url=self.status.ebs, **self.keys)  # type: ignore[call-overload]
        snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
        blocks = list(_blocks(disk)) if disk else []
        for index, data in blocks:
            ebs.put_snapshot_block(
                SnapshotId=snapshot,
                BlockIndex=index,
                BlockData=data,
                DataLength=BLOCK,
                Checksum=base64.b64encode(hashlib.sha256(data).digest()).decode(),
                ChecksumAlgorithm="SHA256",
            )
        ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=len(blocks))
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
        asked: dict[str, Any] = {
            "Name": f"image-{uuid4().hex[:8]}",
            "Architecture": "x86_64",
            "VirtualizationType": "hvm",
            "EnaSupport": True,
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        }
        return self.ec2.register_image(**{**asked, **more})["ImageId"]

    def run(self, image_id: str, **more: Any) -> str:
        asked = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro", **more}
        return self.ec2.run_instances(**asked)["Instances"][0]["InstanceId"]

    def instance(self, instance_id: str) -> Any:
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    def state(self, instance_id: str) -> str:
        return str(self.instance(instance_id)["State"]["Name"])

    def console(self, instance_id: str) -> str:
        return self.ec2.get_console_output(InstanceId=instance_id)["Output"]


def _blocks(disk: Path) -> Iterator[tuple[int, bytes]]:
    with disk.open("rb") as file:
        index = 0
        while data := file.read(BLOCK):
            if data.count(0) < len(data):
                yield index, data.ljust(BLOCK, b"\0")
            index += 1


@pytest.fixture
def cloud(tmp_path: Path, _real_machines: None) -> Iterator[Cloud]:
    home = tmp_path / "home"
    yield Cloud(control.start(home), home)
    control.stop(home)


def until(true: Callable[[], bool], seconds: float = BOOT_SECONDS) -> None:
    """Waits for something to be true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)


def answers(address: str, port: int) -> bool:
    """Whether a connection is taken."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def processes(name: str) -> list[int]:
    """The QEMU processes with a word in their command line, such as an instance's id."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"qemu-system" in words[0] and name.encode() in words:
            found.append(int(folder.name))
    return found

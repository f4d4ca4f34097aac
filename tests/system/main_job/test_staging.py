"""What staging costs: new versions send what differs, a killed apply goes on, several services read once."""

from __future__ import annotations

import filecmp
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from extenci.model.observed import Snapshot, SnapshotState
from extenci.model.service import SANDBOX_BUCKET
from extenci.model.version import BLOCK_BYTES, Method
from extenci.sandbox import control
from tests.program.command import run_extenci, start_extenci
from tests.system.main_job.conftest import MIB, World

STACK = "default"


def puts(world: World) -> int:
    return sum(call["action"] == "PutSnapshotBlock" and call["status"] == 201 for call in world.calls())


def write(world: World, index: int, data: bytes) -> None:
    with world.disk.open("r+b") as file:
        file.seek(index * BLOCK_BYTES)
        file.write(data)


def is_staged(world: World) -> bool:
    """Whether the newest image holds the very bytes of the disk."""
    newest = max(world.cloud.ec2.images(), key=lambda image: (image.created, image.id))
    (snapshot,) = newest.snapshots
    return filecmp.cmp(world.disk, world.bytes_of(snapshot), shallow=False)


def test_a_new_version_sends_what_differs_and_needs_the_old_one_no_more(world: World) -> None:
    world.write(count=0)
    world.make_disk(data=40 * MIB)
    assert world.apply().ok
    before = puts(world)
    write(world, 5, os.urandom(BLOCK_BYTES))
    write(world, 9, bytes(BLOCK_BYTES))
    write(world, 1500, b"new")

    assert world.apply().ok

    assert puts(world) - before == 3
    assert is_staged(world)
    (image,) = world.cloud.ec2.images()
    assert [one.id for one in world.cloud.ec2.snapshots(STACK)] == list(image.snapshots)
    assert world.plan().is_empty


def test_other_settings_of_the_same_content_upload_nothing(world: World) -> None:
    world.write(count=0)
    world.make_disk()
    assert world.apply().ok
    before, (old,) = puts(world), world.cloud.ec2.images()
    spec = world.specs / "stack.yaml"
    spec.write_text(
        spec.read_text().replace("    keep: 0\n", "    keep: 0\n    size: 3\n    boot_mode: uefi\n")
    )

    assert world.apply().ok

    (new,) = world.cloud.ec2.images()
    assert puts(world) == before
    assert (new.snapshots, new.gib, new.boot_mode) == (old.snapshots, 3, "uefi")
    assert world.plan().is_empty


@pytest.mark.parametrize("tags", ["create", "after", "none"])
def test_after_kill_9_and_another_change_of_the_specs_only_what_is_missing_is_sent(
    world: World, tags: str
) -> None:
    control.start(world.home.path)
    world.write_service("campus", tags=tags)
    world.write(count=0, service="campus")
    world.make_disk(data=400 * MIB)
    if tags == "none":
        assert run_extenci("catalog", "init", "campus", env=environment(world)).returncode == 0
    killed_after(world, 100)
    (pending,) = snapshots(world)
    assert pending.state is SnapshotState.PENDING
    sent = puts(world)
    assert 100 <= sent < 700

    assert world.apply().ok

    assert puts(world) <= 801 + 256  # those whose answers nobody read are sent again
    assert [one.id for one in snapshots(world)] == [pending.id]
    assert is_staged(world)
    assert list((world.home.uploads_folder).iterdir()) == []
    assert world.plan().is_empty


def snapshots(world: World) -> list[Snapshot]:
    client = world.cloud.ec2._session.client("ec2")
    found = client.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    return list(world.cloud.ec2.snapshots_by_id([one["SnapshotId"] for one in found]))


def environment(world: World) -> dict[str, str]:
    return {**os.environ, "EXTENCI_HOME": str(world.home.path)}


def killed_after(world: World, blocks: int) -> None:
    """Apply in a process of its own, which is killed once some blocks are there."""
    child = start_extenci(
        "apply",
        "-y",
        world.specs,
        env=environment(world),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while puts(world) < blocks:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    time.sleep(0.3)  # what the sandbox had taken in settles


@pytest.fixture
def regions(world: World) -> Iterator[dict[str, Path]]:
    """Two more clouds: the homes of their sandboxes by the names of their services."""
    homes = {name: world.folder / name for name in ("east", "west")}
    for home in homes.values():
        control.start(home)
    yield homes
    for home in homes.values():
        control.stop(home)


@pytest.mark.parametrize(
    "methods",
    [(Method.EBS, Method.EBS), (Method.IMPORT, Method.IMPORT), (Method.BUNDLE, Method.EBS)],
    ids=["ebs", "import", "bundle and ebs"],
)
def test_several_services_are_fed_by_one_reading_of_the_disk(
    world: World, regions: dict[str, Path], methods: tuple[Method, Method]
) -> None:
    """`ebs` shares what it reads; all find what another read a moment ago in the system's page cache."""
    for (name, home), method in zip(regions.items(), methods, strict=True):
        bundle = json.dumps(asdict(control.bundle_keys(home)))
        world.write_service(name, home, stage=method, bucket=SANDBOX_BUCKET, bundle=bundle)
    world.write(count=0, service="[east, west]")
    world.make_disk(data=200 * MIB)
    assert len(world.plan().changes) == 2  # and the disk's digest is known from here on
    forget_pages(world.disk)
    before = bytes_read()

    assert world.apply().ok

    assert bytes_read() - before < 1.2 * 200 * MIB
    for home in regions.values():
        (staged,) = (home / "sandbox" / "disks").glob("*.raw")
        assert filecmp.cmp(world.disk, staged, shallow=False)
    assert world.plan().is_empty


def forget_pages(path: Path) -> None:
    """Have the next reading of a file be one of the storage."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read() -> int:
    """What this process has read from the storage so far (proc(5), `read_bytes`)."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["read_bytes"])

"""A source that is not what it should be: nothing that works is replaced by it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.program.command import run_extenci
from tests.system.main_job.conftest import MIB, World

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 1073741824\n" % (b"4d" * 32)


def extenci(world: World, *args: str) -> subprocess.CompletedProcess[str]:
    return run_extenci(
        *args,
        str(world.specs),
        env={**os.environ, "EXTENCI_HOME": str(world.home.path), "NO_COLOR": "1"},
    )


def everything(world: World) -> tuple[set[str], set[str], set[str]]:
    """The machines, images and snapshots that there are."""
    ec2 = world.cloud.ec2
    return world.running(), {one.id for one in ec2.images()}, {one.id for one in ec2.snapshots(None)}


def write_disk(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.utime(path, (1_100_000_000, 1_100_000_000))


def test_a_git_lfs_pointer_leaves_the_fleet_as_it_is(world: World) -> None:
    world.write()
    world.make_disk()
    assert world.apply().ok
    before = everything(world)
    write_disk(world.disk, LFS_POINTER)
    for command in (["plan"], ["apply", "-y"]):
        done = extenci(world, *command)
        assert done.returncode == 1
        assert "stack.yaml:3:" in done.stderr
        assert "is a Git LFS pointer" in done.stderr
        assert "git lfs pull" in done.stderr
        assert everything(world) == before


def test_unknown_content_is_staged_only_if_it_is_meant(world: World) -> None:
    world.write(count=0)
    world.disk.parent.mkdir(parents=True)
    write_disk(world.disk, bytes(8 * MIB))
    refused = extenci(world, "plan")
    assert refused.returncode == 1
    assert "begins with nothing but zeros" in refused.stderr
    assert "`raw: true`" in refused.stderr
    spec = world.specs / "stack.yaml"
    spec.write_text(spec.read_text().replace("    source:", "    raw: true\n    source:"))
    assert world.apply().ok
    assert len(world.cloud.ec2.images()) == 1
    world.write(count=0)
    assert extenci(world, "plan").returncode == 1, "that it was read before is no reason to believe it now"


def test_a_far_smaller_disk_is_warned_of_and_one_version_stays(world: World) -> None:
    world.write(count=0)
    spec = world.specs / "stack.yaml"
    spec.write_text(spec.read_text().replace("    keep: 0\n", ""))
    world.make_disk()
    assert world.apply().ok
    (first,) = (one.id for one in world.cloud.ec2.images())
    world.make_disk(b"two", size=4 * MIB)
    plan = world.plan()
    assert [str(one.action) for one in plan.changes] == ["stage"]
    assert any(f"that of {first} before it 1,073,741,824" in warning for warning in plan.warnings)
    assert world.apply().ok
    assert first in {one.id for one in world.cloud.ec2.images()}
    assert world.apply(destroy=True).ok
    assert everything(world) == (set(), set(), set())


def test_without_the_disk_status_and_plans_of_a_group_go_by_what_is_staged(world: World) -> None:
    world.write()
    world.make_disk()
    assert world.apply().ok
    world.disk.unlink()
    shown = extenci(world, "status")
    assert shown.returncode == 0, shown.stderr
    assert "unknown" in shown.stdout
    assert f"{world.specs}/stack.yaml" in shown.stdout
    assert "3 running" in shown.stdout
    world.write(count=5)
    group = extenci(world, "plan", "--target", "sandbox/pool")
    assert group.returncode == 0, (group.stdout, group.stderr)
    assert "launch 2 machines" in group.stdout
    assert "the newest version that is staged" in group.stdout
    assert extenci(world, "apply", "--auto-approve", "--target", "sandbox/pool").returncode == 0
    assert len(world.running()) == 5
    whole = extenci(world, "plan")
    assert whole.returncode == 1
    assert "stack.yaml" in whole.stderr

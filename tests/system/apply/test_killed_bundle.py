"""apply and destroy with `method: bundle`, killed at each of their changing calls and run again: one image
with its bundle, or nothing, also in S3."""

from __future__ import annotations

import filecmp
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest

from extenci.api import session
from extenci.catalog.home import Home
from extenci.model.service import SANDBOX_BUCKET
from extenci.plan.commands import gc as sweeping
from extenci.sandbox import control
from tests.system.apply.killing_proxy import Way
from tests.system.apply.rig import Command, Rig, Tags, open_rig
from tests.system.apply.test_killed import ABILITIES
from tests.system.main_job.conftest import MIB, World

SPEC = """\
service: campus
images:
  worker:
    source: disks/worker.raw
    method: bundle
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with open_rig(tmp_path, "ec2", "ebs", "s3") as opened:
        yield opened


def use(rig: Rig, tags: Tags) -> None:
    """A disk whose bundle has two parts."""
    rig.write(SPEC)
    rig.world.make_disk(size=40 * MIB, data=MIB)
    with rig.world.disk.open("r+b") as file:
        file.seek(2 * MIB)
        file.write(bytes(range(256)) * 4096 * 4)
        file.write(os.urandom(11 * MIB))
    write_service(rig, rig.world, tags)
    rig.initialise()


def write_service(rig: Rig, world: World, tags: Tags, **more: str) -> None:
    bundle = json.dumps(asdict(control.bundle_keys(rig.world.home.path)))
    more |= rig.proxy.urls if world is rig.world else {}
    world.write_service(
        "campus", rig.world.home.path, tags=tags, bucket=SANDBOX_BUCKET, bundle=bundle, abilities=ABILITIES,
        **more,
    )  # fmt: skip


def assert_stands(rig: Rig) -> None:
    (image,) = rig.world.cloud.ec2.images()
    prefix = str(image.manifest).removeprefix(f"{SANDBOX_BUCKET}/").removesuffix("manifest.xml")
    assert rig.in_s3() == [f"{prefix}manifest.xml", f"{prefix}part.00", f"{prefix}part.01"]
    assert filecmp.cmp(rig.world.bytes_of(image.id), rig.world.disk, shallow=False)
    assert rig.world.plan().is_empty


def clear(rig: Rig) -> None:
    rig.clear()
    rig.world.cloud.unjournalled.s3.delete_objects(SANDBOX_BUCKET, rig.in_s3())


@pytest.mark.parametrize(
    ("tags", "way"), [("create", "before"), ("create", "after"), ("after", "after"), ("none", "after")]
)
def test_killed_at_each_call_of_bundling_apply_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    use(rig, tags)

    def tidy() -> None:
        assert_stands(rig)
        clear(rig)

    fatal = rig.kill_everywhere(way, lambda _nth: None, tidy)

    assert fatal == {"PutObject", "RegisterImage"} | ({"CreateTags"} if tags == "after" else set())


@pytest.mark.parametrize("way", ["before", "after"])
def test_killed_at_each_call_of_a_destroy_nothing_is_left(rig: Rig, way: Way) -> None:
    use(rig, "create")

    def gone() -> None:
        assert rig.in_s3() == []
        assert rig.world.cloud.ec2.images() == ()

    fatal = rig.kill_everywhere(way, lambda _nth: rig.world.apply(), gone, destroy=True)

    assert fatal == {"DeregisterImage", "DeleteObject"}


@pytest.mark.parametrize("way", ["before", "after"])
def test_killed_at_each_call_of_an_unstage_the_same_command_finishes_it(rig: Rig, way: Way) -> None:
    use(rig, "create")
    stage = Command(("stage", str(rig.world.disk), "campus", "--method", "bundle"))
    unstage = Command(("unstage", "worker", "campus", "-y"))

    def shoot(nth: int) -> str | None:
        rig.run(stage)
        assert rig.in_s3()
        return rig.shoot_at(unstage, nth, way)

    for nth, call in rig.shots(shoot):
        rig.run(unstage)
        assert rig.in_s3() == [], (nth, call)
        assert rig.look().images == frozenset()


def test_what_another_home_left_goes_with_gc_days_later(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the bundle of an image stays, however old."""
    use(rig, "create")
    assert rig.shoot(3, "after", destroy=False) is not None
    left = rig.in_s3()
    assert left
    other = World(tmp_path, Home(tmp_path / "other"))
    write_service(rig, other, "create", lock="none")  # the lease of the killed run is not over yet
    assert swept(rig, other) == []
    assert rig.in_s3() == left

    assert other.apply().ok
    kept = sorted(set(rig.in_s3()) - set(left))
    later = time.time() + sweeping.LEFT_BEHIND_SECONDS + 10
    monkeypatch.setattr(session, "Session", partial(session.Session, clock=lambda: later))
    assert swept(rig, other) == ["remove campus/uploads"]
    assert rig.in_s3() == kept


def test_what_this_home_left_goes_at_once_and_what_arrived_late_with_gc(rig: Rig) -> None:
    use(rig, "create")
    assert rig.shoot(3, "after", destroy=False) is not None
    (first, *_) = left = rig.in_s3()
    assert rig.world.apply().ok
    assert_stands(rig)

    rig.world.cloud.unjournalled.s3.put_object(SANDBOX_BUCKET, first, b"late")
    assert first in rig.in_s3()
    assert swept(rig, rig.world) == ["remove campus/uploads"]
    assert not set(left) & set(rig.in_s3())
    assert_stands(rig)


def swept(rig: Rig, world: World) -> list[str]:
    result = rig.sweep(world.home)
    assert result.ok
    return [change.id for change in result.plan.changes]

"""apply, killed at each of its changing calls and run again: nothing doubled, nothing leaked.

A proxy counts the changing calls of a command and kills it (SIGKILL) at the n-th, for n = 1, 2, … until
a run lives: either the call never reaches the service, or its answer never reaches the command.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import boto3
import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.sandbox import control
from tests.system.apply.killing_proxy import Aim, KillingProxy, Way
from tests.system.apply.victim import make_victim
from tests.system.main_job.conftest import MIB, World

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

MACHINES = 2
MOST_CALLS = 40
STAGING = {"StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot", "RegisterImage"}
UNSTAGING = {"DeregisterImage", "DeleteSnapshot"}
ENDING = {"shutting-down", "terminated"}
Tags = Literal["create", "after", "none"]


@dataclass(frozen=True)
class Seen:
    """All that a sandbox holds, whoever's it is."""

    machines: frozenset[str]
    ever: frozenset[str]
    images: frozenset[str]
    snapshots: frozenset[str]


@dataclass
class Rig:
    """A world whose service `campus` is reached through the proxy."""

    world: World
    proxy: KillingProxy
    ec2: EC2Client

    def look(self) -> Seen:
        reservations = self.ec2.describe_instances()["Reservations"]
        machines = [one for each in reservations for one in each["Instances"]]
        alive = (one["InstanceId"] for one in machines if one["State"]["Name"] not in ENDING)
        return Seen(
            frozenset(alive),
            frozenset(one["InstanceId"] for one in machines),
            frozenset(one["ImageId"] for one in self.ec2.describe_images(Owners=["self"])["Images"]),
            frozenset(
                one["SnapshotId"] for one in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
            ),
        )

    def clear(self) -> None:
        """An empty cloud and an empty catalog: quicker than a new sandbox, or a destroy."""
        there = self.look()
        if there.machines:
            self.ec2.terminate_instances(InstanceIds=sorted(there.machines))
        for image in there.images:
            self.ec2.deregister_image(ImageId=image)
        for snapshot in there.snapshots:
            self.ec2.delete_snapshot(SnapshotId=snapshot)
        for file in self.world.home.database.parent.glob(f"{self.world.home.database.name}*"):
            file.unlink()
        self.initialise()

    def initialise(self) -> None:
        """What `extenci catalog init` does: with `tags: none` the records are the truth."""
        with Catalog.open(self.world.home) as catalog:
            catalog.initialise("campus")

    def shoot(self, nth: int, way: Way, *, destroy: bool) -> str | None:
        """Run an apply, and kill it at its n-th changing call; that call, or None: it lived."""
        return self.shoot_at(make_victim(self.world.specs, self.world.home, destroy=destroy), nth, way)

    def shoot_at(self, command: ForkServerProcess, nth: int, way: Way) -> str | None:
        """The same of any command that is not started yet."""

        def kill() -> None:
            os.kill(command.pid or 0, signal.SIGKILL)
            dead.wait(20)

        dead = threading.Event()
        with self.proxy.aimed(Aim(nth, way, kill)):
            command.start()
            command.join(60)
            dead.set()
        assert command.exitcode in (0, -signal.SIGKILL)
        if command.exitcode == 0:
            assert len(self.proxy.seen) < nth
            return None
        return self.proxy.seen[nth - 1]

    def kill_everywhere(
        self,
        way: Way,
        before: Callable[[int], object],
        after: Callable[[], object],
        *,
        first: int = 1,
        destroy: bool = False,
    ) -> set[str]:
        """Kill at every changing call in turn, from the `first`; run `before` each time, and `after` when it
        ran again."""
        fatal: set[str] = set()
        for nth in range(first, MOST_CALLS):
            before(nth)
            call = self.shoot(nth, way, destroy=destroy)
            result = self.world.apply(destroy=destroy)
            assert result.ok, (nth, call, [one.message for one in result.outcomes])
            after()
            if call is None:
                return fatal
            fatal.add(call)
        raise AssertionError("the command never ends")

    def assert_stands(self, before: Seen) -> None:
        """One image on one snapshot, the wished machines of it, and as many launched as were missing."""
        now = self.look()
        assert len(now.images) == 1
        assert len(now.snapshots) == 1
        assert len(now.machines) == MACHINES
        assert len(now.ever - before.ever) == MACHINES
        assert not now.machines & before.machines
        assert self.world.plan().is_empty

    def assert_gone(self, before: Seen) -> None:
        now = self.look()
        assert now == Seen(frozenset(), now.ever, frozenset(), frozenset())
        assert now.ever == before.ever
        wishes = api.load([self.world.specs], home=self.world.home)
        assert api.plan(wishes, home=self.world.home, destroy=True).plan.is_empty


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.05")
    world = World(tmp_path, Home(tmp_path / "home"))
    running = control.start(world.home.path)
    proxy = KillingProxy({"ec2": running.ec2, "ebs": running.ebs})
    ec2 = boto3.client(
        "ec2",
        endpoint_url=running.ec2,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST000000000000",
        aws_secret_access_key="anything",
    )
    try:
        proxy.start()
        world.write(count=MACHINES, keep=0, service="campus")
        yield Rig(world, proxy, ec2)
    finally:
        ec2.close()
        proxy.stop()
        control.stop(world.home.path)


def use(rig: Rig, tags: Tags) -> None:
    """Three blocks are uploaded where all calls are tried; blocks know no tags, so one does for the rest."""
    rig.world.make_disk(data=MIB if tags == "create" else 0)
    rig.world.write_service("campus", tags=tags, **rig.proxy.urls)
    rig.initialise()


@pytest.mark.parametrize("way", ["before", "after"])
@pytest.mark.parametrize("tags", ["create", "after", "none"])
def test_killed_at_each_call_of_staging_and_launching_apply_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    use(rig, tags)
    start: list[Seen] = []

    def tidy() -> None:
        rig.assert_stands(start[-1])
        rig.clear()

    fatal = rig.kill_everywhere(way, lambda _nth: start.append(rig.look()), tidy)

    assert fatal == STAGING | {"RunInstances"} | ({"CreateTags"} if tags == "after" else set())


@pytest.mark.parametrize("way", ["before", "after"])
@pytest.mark.parametrize("tags", ["create", "after", "none"])
def test_killed_at_each_call_of_replacing_apply_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    """All calls where things are tagged at birth; otherwise those after the staging, which is tried above."""
    use(rig, tags)
    assert rig.world.apply().ok
    start: list[Seen] = []

    def change(nth: int) -> None:
        start.append(rig.look())
        rig.world.change_byte(f"version {nth}".encode())

    change(0)
    assert rig.shoot(MOST_CALLS, way, destroy=False) is None
    staged = rig.proxy.seen.index("RunInstances")
    first = 1 if tags == "create" else staged + 1
    fatal = rig.kill_everywhere(way, change, lambda: rig.assert_stands(start[-1]), first=first)

    replacing = {"RunInstances", "TerminateInstances"} | UNSTAGING
    assert fatal - STAGING - {"CreateTags"} == replacing
    assert fatal >= STAGING or tags != "create"
    assert ("CreateTags" in fatal) == (tags == "after")


@pytest.mark.parametrize("way", ["before", "after"])
@pytest.mark.parametrize("tags", ["create", "after", "none"])
def test_killed_at_each_call_of_destroying_destroy_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    use(rig, tags)
    start: list[Seen] = []

    def build(_nth: int) -> None:
        assert rig.world.apply().ok
        start.append(rig.look())

    fatal = rig.kill_everywhere(way, build, lambda: rig.assert_gone(start[-1]), destroy=True)

    assert fatal == {"TerminateInstances"} | UNSTAGING

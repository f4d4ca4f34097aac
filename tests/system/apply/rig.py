"""What commands are killed with: a world whose service is reached through a proxy, and looked at past it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import boto3

from extenci import api
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.model.outcome import Result
from extenci.model.service import SANDBOX_BUCKET
from extenci.sandbox import control
from tests.program.command import start_extenci
from tests.system.apply.killing_proxy import Aim, KillingProxy, Way
from tests.system.main_job.conftest import World

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

MOST_CALLS = 40
ENDING = {"shutting-down", "terminated"}
Tags = Literal["create", "after", "none"]


@dataclass(frozen=True)
class Seen:
    """All that a sandbox holds, whoever's it is."""

    machines: frozenset[str]
    ever: frozenset[str]
    images: frozenset[str]
    snapshots: frozenset[str]


@dataclass(frozen=True)
class Command:
    """A command line, and the status with which it ends where nobody kills it."""

    words: tuple[str, ...]
    status: int = 0


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

    def in_s3(self) -> list[str]:
        """Keys of what is in the bucket: of uploads that were begun, then of objects."""
        s3 = self.world.cloud.s3
        uploads = [one.key for one in s3.multipart_uploads(SANDBOX_BUCKET, "")]
        return uploads + [one.key for one in s3.list_objects(SANDBOX_BUCKET, "")]

    def write(self, spec: str) -> None:
        """Another stack.yaml."""
        (self.world.specs / "stack.yaml").write_text(spec)

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

    @property
    def said(self) -> Path:
        """The file with what all commands said."""
        return self.world.folder / "said"

    def told(self) -> str:
        """The end of what commands said."""
        return self.said.read_text()[-3000:]

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        """A command at work in the world's folder, without a terminal."""
        with self.said.open("a") as said:
            print("$ extenci", *command.words, file=said, flush=True)
            return start_extenci(
                *command.words,
                cwd=self.world.folder,
                env={**os.environ, "EXTENCI_HOME": str(self.world.home.path)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def run(self, command: Command) -> None:
        """A command, which ends with its status."""
        with self.start(command) as process:
            assert process.wait(60) == command.status, self.told()

    def shoot(self, nth: int, way: Way, *, destroy: bool) -> str | None:
        """Run an apply, and kill it at its n-th changing call; that call, or None: it lived."""
        words = ("destroy" if destroy else "apply", str(self.world.specs), "-y")
        return self.shoot_at(Command(words), nth, way)

    def shoot_at(self, command: Command, nth: int, way: Way) -> str | None:
        """The same of any command."""

        def kill() -> None:
            started.wait(20)
            process.send_signal(signal.SIGKILL)
            dead.wait(20)

        started, dead = threading.Event(), threading.Event()
        with self.proxy.aimed(Aim(nth, way, kill)):
            process = self.start(command)
            started.set()
            status = process.wait(60)
            dead.set()
        assert status in (command.status, -signal.SIGKILL), self.told()
        if status == command.status:
            assert len(self.proxy.seen) < nth
            return None
        return self.proxy.seen[nth - 1]

    def shots(
        self, shoot: Callable[[int], str | None], *, first: int = 1
    ) -> Iterator[tuple[int, str | None]]:
        """Each number of a call from the `first` on, and what shooting at it gave; a run that lives is the
        last."""
        for nth in range(first, MOST_CALLS):
            call = shoot(nth)
            yield nth, call
            if call is None:
                return
        raise AssertionError("the command never ends")

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
        ran again. The fatal calls."""

        def shoot(nth: int) -> str | None:
            before(nth)
            return self.shoot(nth, way, destroy=destroy)

        fatal: set[str] = set()
        for nth, call in self.shots(shoot, first=first):
            result = self.world.apply(destroy=destroy)
            assert result.ok, (nth, call, [one.message for one in result.outcomes])
            after()
            fatal |= {call} if call else set()
        return fatal

    def sweep(self, home: Home | None = None, **options: object) -> Result:
        """gc, as this home or another does it."""
        home = home or self.world.home
        chosen = replace(api.DEFAULTS, **options)  # type: ignore[arg-type]
        return api.gc(api.load([self.world.specs], home=home), home=home, options=chosen)


@contextmanager
def open_rig(folder: Path, *apis: str) -> Iterator[Rig]:
    """A rig with a sandbox of its own, whose `apis` are reached through the proxy; no specs are there yet."""
    world = World(folder, Home(folder / "home"))
    running = control.start(world.home.path)
    proxy = KillingProxy({name: getattr(running, name) for name in apis})
    ec2 = boto3.client(
        "ec2",
        endpoint_url=running.ec2,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST000000000000",
        aws_secret_access_key="anything",
    )
    try:
        proxy.start()
        world.specs.mkdir()
        yield Rig(world, proxy, ec2)
    finally:
        for clients in world.services.values():
            clients.close()
        ec2.close()
        proxy.stop()
        control.stop(world.home.path)

"""extenci's own cloud: as the built-in service, and as one that a service file names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.clouds.cloud import BundleFiles, Cloud, OpenCloud
from tests.matrix.job.command import environment
from tests.program.command import run_extenci


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs in a home of its own."""

    home: Path
    ec2: str
    s3: str
    ebs: str

    @property
    def keys(self) -> tuple[str, str]:
        folder = self.home / "sandbox" / "keys"
        return (folder / "access").read_text().strip(), (folder / "secret").read_text().strip()

    @property
    def bundle(self) -> BundleFiles:
        folder = self.home / "sandbox" / "keys"
        names = ("user.pem", "user.key", "cloud.pem", "cloud.key")
        return BundleFiles(*(folder / name for name in names))

    def holds(self, made: str, disk: Path) -> bool | None:
        """Whether the disk of a bundled image or of a snapshot is `disk`, and zeros after its end."""
        theirs = self.home / "sandbox" / "disks" / f"{made}.raw"
        if not theirs.exists():
            return None
        expected = disk.read_bytes()
        with theirs.open("rb") as file:
            return file.read(len(expected)) == expected and file.read(1 << 20).count(0) == file.tell() - len(
                expected
            )


@contextmanager
def sandbox(home: Path, without: str = "none") -> Iterator[Sandbox]:
    """A sandbox while it runs; `without` are the abilities that it lacks."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        status = json.loads(_command(home, "start", "--without", without, "--format", "json"))
        yield Sandbox(home, status["ec2"], status["s3"], status["ebs"])
    finally:
        _command(home, "stop")


@contextmanager
def built_in(folder: Path) -> Iterator[Cloud]:
    """The service `sandbox`, in the home of the user."""
    home = folder / "home"
    with sandbox(home) as one:
        urls = (one.ec2, one.s3, one.ebs, one.ec2, one.s3)
        yield Cloud(
            *urls,
            bucket="extenci",
            service="sandbox",
            home=home,
            keys=one.keys,
            holds=one.holds,
        )


@contextmanager
def named(folder: Path) -> Iterator[Cloud]:
    """A sandbox of somebody else's home, as a service file names it."""
    with sandbox(folder / "sandbox-home") as one:
        yield to_cloud(one)


def without(abilities: str) -> OpenCloud:
    """A sandbox that lacks abilities, under the name of another service."""

    @contextmanager
    def lacking(folder: Path) -> Iterator[Cloud]:
        with sandbox(folder / "sandbox-home", abilities) as one:
            yield to_cloud(one)

    return lacking


def to_cloud(one: Sandbox) -> Cloud:
    """A sandbox under a service of another name."""
    return Cloud(
        one.ec2,
        one.s3,
        one.ebs,
        one.ec2,
        one.s3,
        bucket="extenci",
        bundle=one.bundle,
        keys=one.keys,
        holds=one.holds,
    )


def _command(home: Path, *words: str) -> str:
    done = run_extenci("sandbox", *words, env=dict(environment(home)), timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"extenci sandbox {' '.join(words)}: {done.stderr}")
    return str(done.stdout)

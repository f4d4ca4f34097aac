"""A home with a sandbox of its own, the installed command in it, and the cloud as others use it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from extenci.sandbox import control
from tests.disks import add_boot_sector
from tests.program.command import run_extenci

MIB = 1 << 20


@dataclass
class Place:
    """A folder for specs, and a home with its sandbox."""

    home: Path
    specs: Path

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command in the folder of the specs, where standard input is no terminal."""
        surroundings = {**os.environ, "EXTENCI_HOME": str(self.home), **environment}
        return run_extenci(*map(str, words), cwd=self.specs, env=surroundings)

    def done(self, *words: str | Path) -> str:
        """The standard output of a command that must succeed."""
        result = self.run(*words)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def disk(self, name: str, mib: int = 2) -> Path:
        """A disk of random content below the specs."""
        path = self.specs / f"{name}.raw"
        with path.open("wb") as file:
            file.truncate(64 * MIB)
            file.write(os.urandom(mib * MIB))
        add_boot_sector(path)
        return path

    @property
    def ec2(self) -> Any:
        """EC2 as some other program uses it."""
        access, secret = control.key_files(self.home)
        return boto3.client(
            "ec2",
            endpoint_url=control.status(self.home).ec2,
            region_name="us-east-1",
            aws_access_key_id=access.read_text().strip(),
            aws_secret_access_key=secret.read_text().strip(),
        )

    def launch(self, image: str, count: int = 1, **more: object) -> list[str]:
        """Machines that some other program launches, once they run."""
        made = self.ec2.run_instances(
            ImageId=image, MinCount=count, MaxCount=count, **{"InstanceType": "t3.micro", **more}
        )
        ids = [one["InstanceId"] for one in made["Instances"]]
        self.ec2.get_waiter("instance_running").wait(
            InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        return ids

    def is_quiet(self) -> bool:
        """Whether the plan of the specs has nothing to do."""
        return self.run("plan", "--detailed-exitcode").returncode == 0


@pytest.fixture(scope="package")
def sandbox_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    control.start(home)
    yield home
    control.stop(home)


@pytest.fixture
def place(sandbox_home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """A spec root of its own, with a stack that no other test has."""
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "extenci.yaml").write_text(f"stack: s{abs(hash(request.node.nodeid)) % 10**9}\n")
    return Place(sandbox_home, specs)

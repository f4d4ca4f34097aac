"""Small things of every day, done with the program as it is started."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SPEC = "service: sandbox\ninstances:\n  p: {image: ami-12345678, type: t3.micro, count: 0}\n"
PATIENCE_SECONDS = 120


class User:
    """A user with a home and a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "EXTENCI_HOME": str(folder / "home"), "NO_COLOR": "1"}
        self.program = f"{sys.executable} -m extenci"

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of a shell, in which `extenci` is the program."""
        return subprocess.run(
            ["/bin/sh", "-c", command.replace("extenci ", f"{self.program} ")],
            env=self.environment, cwd=self.folder, capture_output=True, text=True,
            timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip

    def type(self, command: str, answer: str) -> str:
        """Run a command in a terminal, and type an answer; returns all that is to be seen."""
        here, there = pty.openpty()
        process = subprocess.Popen(
            [*self.program.split(), *command.split()],
            env=self.environment, cwd=self.folder, stdin=there, stdout=there, stderr=there,
        )  # fmt: skip
        os.close(there)
        os.write(here, answer.encode())
        seen = b""
        while True:
            try:
                seen += os.read(here, 65536)
            except OSError:
                break
        process.wait(PATIENCE_SECONDS)
        os.close(here)
        return seen.decode()


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    (tmp_path / "home").mkdir()
    one = User(tmp_path)
    yield one
    one.shell("extenci sandbox stop")


def test_a_plan_at_the_top_of_a_repository_leaves_other_files_alone(user: User) -> None:
    user.write("docker-compose.yaml", "services:\n  web: {image: nginx}\n")
    user.write("cloud-init.yaml", "#cloud-config\npackages: [git]\n")
    user.write("a.yaml", SPEC)
    done = user.shell("extenci validate --format json")
    assert done.returncode == 0
    assert done.stderr.startswith("Passed over 2 YAML files that are no specs: cloud-init.yaml and docker-")
    assert len(done.stderr.splitlines()) == 1
    user.write("specs/extenci.yaml", "stack: x\n")
    done = user.shell("extenci plan")
    assert done.returncode == 1
    assert "a spec root is below it: 'specs'" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_defect(user: User, closed: str) -> None:
    user.write("a.yaml", SPEC)
    done = user.shell(f"extenci validate {closed}")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_end_of_the_sandbox_is_asked_about_and_told(user: User) -> None:
    assert user.shell("extenci sandbox stop").stdout == "The sandbox was not running.\n"
    user.shell("extenci sandbox start")
    assert "Stopped. What was in the sandbox is gone." in user.type("sandbox stop", "")
    (user.folder / "d.img").write_bytes(b"x" * 1024)
    assert user.shell("extenci stage d.img sandbox --raw").returncode == 0
    seen = user.type("sandbox stop", "n\n")
    assert "Stop the sandbox, and remove what is in it (1 image)? [y/N]" in seen
    assert "Nothing was done." in seen
    assert "Empty the sandbox, and remove what is in it (1 image)? [y/N]" in user.type("sandbox reset", "\n")
    assert "[y/N]" not in user.type("sandbox reset -y", "")
    assert user.shell("extenci sandbox stop").stdout == "Stopped. What was in the sandbox is gone.\n"


def test_a_bootable_disk_in_a_folder_that_is_missing_is_refused(user: User) -> None:
    done = user.shell("extenci sandbox image nowhere/x.raw")
    assert done.returncode == 1
    assert "there is no folder nowhere" in done.stderr
    assert not (user.folder / "nowhere").exists()


def test_a_service_file_is_not_staged(user: User) -> None:
    user.write("services/lab.yaml", "region: us-east-1\n")
    done = user.shell("extenci stage services/lab.yaml sandbox")
    assert done.returncode == 1
    assert "it begins with the text 'region: us-east-1" in done.stderr


def test_services_are_listed_as_json(user: User) -> None:
    user.write("extenci.yaml", "stack: x\n")
    user.write("services/lab.yaml", "region: eu-west-1\n")
    done = user.shell("extenci catalog list --format json")
    document = json.loads(done.stdout)
    assert [one["name"] for one in document["services"]] == ["sandbox", "lab"]
    assert document["services"][1]["file"] == str(user.folder / "services" / "lab.yaml")
    assert (document["format_version"], document["owned"], document["problems"]) == (1, [], [])
    user.write("services/lab.yaml", "regoin: eu-west-1\n")
    done = user.shell("extenci catalog list --format json")
    assert done.returncode == 1
    assert "did you mean 'region'" in json.loads(done.stdout)["problems"][0]

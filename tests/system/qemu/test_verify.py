"""Test VMs that really boot: what passes, what fails and why, a person's word, and nothing left behind."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.action import Action
from extenci.model.observed import Machine
from extenci.model.outcome import Result, Status
from extenci.model.ownership import Role
from extenci.model.plan import Plan
from extenci.model.verdict import Answer, Question, Verdict
from extenci.model.verification import KEY_PAIR_PREFIX
from extenci.sandbox import control
from tests.program.command import run_extenci, start_extenci
from tests.system.qemu.conftest import MakeImage

SPEC = """\
service: {service}
images:
  worker:
    source: worker.raw
    verify:
      type: t3.micro
      timeout: {timeout}
      confirm: {confirm}
      checks:
        - tcp: 22
        - ssh: uname -s
          user: root
          output: Linux
        - log: "^root:"
          file: /etc/passwd
          user: root
        - console: "login:"
        - run: [/bin/sh, -c, 'test -n "$EXTENCI_ADDRESS" && echo "$EXTENCI_NAME"']
instances:
  pool: {{image: worker, type: t3.micro, count: 1}}
"""


@dataclass
class World:
    """One user's home, a sandbox whose machines boot, and specs."""

    folder: Path
    home: Home
    clients: Clients

    @property
    def specs(self) -> Path:
        return self.folder / "specs"

    def write(
        self, disk: Path, *, timeout: str = "3m", confirm: bool = False, service: str = "sandbox"
    ) -> None:
        self.specs.mkdir(exist_ok=True)
        text = SPEC.format(service=service, timeout=timeout, confirm=str(confirm).lower())
        (self.specs / "a.yaml").write_text(text)
        link = self.specs / "worker.raw"
        link.unlink(missing_ok=True)
        link.symlink_to(disk)

    def plan(self) -> Plan:
        return api.plan(api.load([self.specs], home=self.home), home=self.home).plan

    def apply(self, **options: object) -> Result:
        chosen = replace(api.DEFAULTS, **options)  # type: ignore[arg-type]
        return api.apply(api.load([self.specs], home=self.home), home=self.home, options=chosen)

    def machines(self, role: Role) -> list[Machine]:
        found = self.clients.ec2.machines("default")
        return [one for one in found if one.marks and one.marks.role is role and not one.state.is_gone]

    def agree_that_nothing_is_left(self) -> None:
        assert self.machines(Role.TEST) == []
        assert self.clients.ec2.key_pairs(KEY_PAIR_PREFIX) == ()
        assert not list(self.home.keys_folder.glob("*"))

    def write_service(self, home: Home) -> None:
        """A service `campus` in a home's catalog: this world's sandbox."""
        status = control.status(self.home.path)
        access, secret = control.key_files(self.home.path)
        keys = {"access_key_file": str(access), "secret_key_file": str(secret)}
        known = {"ec2": status.ec2, "s3": status.s3, "ebs": status.ebs, "credentials": keys}
        home.services_folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in known.items())
        (home.services_folder / "campus.yaml").write_text(text)

    def run(self, *command: str, home: Home | None = None) -> subprocess.CompletedProcess[str]:
        own = {"EXTENCI_HOME": str((home or self.home).path)}
        return run_extenci(*command, env={**os.environ, **own}, timeout=240)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    home = Home(tmp_path / "home")
    clients = Clients(api.sandbox_service(home))
    yield World(tmp_path, home, clients)
    clients.close()
    control.stop(home.path)


def failure(result: Result) -> str:
    return next(one.message for one in result.outcomes if one.status is Status.FAILED)


def test_a_version_that_works_passes_and_is_used(world: World, image: MakeImage) -> None:
    world.write(image("plain"))
    result = world.apply()
    assert result.ok, result.outcomes
    world.agree_that_nothing_is_left()
    assert len(world.machines(Role.POOL)) == 1
    assert world.plan().is_empty
    (staged,) = world.clients.ec2.images()
    assert staged.marks
    assert (staged.marks.verdict or "").startswith("passed:")
    verified = next(one.verified for one in result.outcomes if one.verified)
    assert verified.verdict is Verdict.PASSED
    assert verified.report
    assert [one.passed for one in verified.report.evidence] == [True] * 5


def test_an_image_without_its_ssh_server_fails_is_unstaged_and_not_tried_again(
    world: World, image: MakeImage
) -> None:
    world.write(image("no-ssh"), timeout="30s")
    result = world.apply()
    assert not result.ok
    assert "tcp 22" in failure(result)
    assert "login:" in failure(result)
    world.agree_that_nothing_is_left()
    assert world.clients.ec2.images() == ()
    assert world.machines(Role.POOL) == []
    plan = world.plan()
    assert plan.changes == ()
    assert {one.action for one in plan.blocked} == {Action.VERIFY, Action.LAUNCH}
    assert any("tcp 22" in one.reason for one in plan.blocked)


def test_an_image_that_panics_is_recognised_before_the_time_is_up(world: World, image: MakeImage) -> None:
    world.write(image("panic"), timeout="10m")
    began = time.monotonic()
    result = world.apply()
    assert "panic" in failure(result)
    assert time.monotonic() - began < 120
    world.agree_that_nothing_is_left()


def test_without_a_person_it_waits_and_another_home_confirms_it(world: World, image: MakeImage) -> None:
    world.write(image("plain"), confirm=True, service="campus")
    world.write_service(world.home)
    waiting = world.run("apply", "-y", str(world.specs))
    assert waiting.returncode == 3, waiting.stderr
    assert len(world.machines(Role.TEST)) == 1
    assert world.machines(Role.POOL) == []
    assert world.run("plan", "--detailed-exitcode", str(world.specs)).returncode == 3
    assert "extenci confirm campus/worker --yes" in world.run("plan", str(world.specs)).stdout

    other = Home(world.folder / "other")
    world.write_service(other)
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.yaml").write_text((world.specs / "a.yaml").read_text())  # the disk is not there
    confirm = ("confirm", "campus/worker", "--yes", "--root", str(elsewhere))
    confirmed = world.run(*confirm, home=other)
    assert confirmed.returncode == 0, confirmed.stderr
    assert world.machines(Role.TEST) == []
    assert world.clients.ec2.key_pairs(KEY_PAIR_PREFIX) == ()
    assert world.run(*confirm, home=other).returncode == 0
    assert world.run(*confirm[:2], "--no", *confirm[3:], home=other).returncode == 1
    assert world.apply().ok
    assert world.plan().is_empty


def test_a_persons_no_unstages_it(world: World, image: MakeImage) -> None:
    world.write(image("plain"), confirm=True)
    asked: list[Question] = []

    def say_no(question: Question) -> Answer:
        asked.append(question)
        return Answer.NO

    result = world.apply(ask=say_no)
    assert "person" in failure(result)
    assert asked[0].login.startswith("ssh -i ")
    assert world.clients.ec2.images() == ()
    world.agree_that_nothing_is_left()


def test_a_persons_yes_in_a_terminal(world: World, image: MakeImage) -> None:
    world.write(image("plain"), confirm=True)
    shown, status = in_a_terminal(world, ["verify", "sandbox/worker", str(world.specs)], "yes\n")
    assert status == 0, shown
    assert re.search(r"log in +ssh -i \S+ root@127\.", shown)
    world.agree_that_nothing_is_left()
    assert world.plan().summary == {"launch": 1}


def in_a_terminal(world: World, command: list[str], answer: str) -> tuple[str, int]:
    """Run a command in a pseudo-terminal and answer its question; what it showed, and its exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["EXTENCI_HOME"] = str(world.home.path)
        os.execv(sys.executable, [sys.executable, "-m", "extenci", *command])  # noqa: S606
    shown, has_answered, deadline = b"", False, time.monotonic() + 200
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1.0)
        try:
            data = os.read(terminal, 65536) if ready else b""
        except OSError:
            break
        shown += data
        if not has_answered and b"Does it work?" in shown:
            os.write(terminal, answer.encode())
            has_answered = True
    os.close(terminal)
    return shown.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def until(question: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_killed_while_a_test_vm_runs_the_next_apply_cleans_up_and_goes_on(
    world: World, image: MakeImage
) -> None:
    world.write(image("plain"))
    process = start_extenci(
        "apply",
        "-y",
        str(world.specs),
        env={**os.environ, "EXTENCI_HOME": str(world.home.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: world.machines(Role.TEST) or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = world.machines(Role.TEST)
    assert len(left) == 1

    result = world.apply()

    assert result.ok, result.outcomes
    assert left[0].id not in {one.id for one in world.machines(Role.TEST)}
    world.agree_that_nothing_is_left()
    assert world.plan().is_empty

"""`extenci ssh` and `extenci console` as they are typed: of machines that really boot."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.ownership import Role
from extenci.sandbox import control
from tests.program.command import run_extenci
from tests.system.qemu.conftest import BOOT_SECONDS, MakeImage

SPEC = """\
service: sandbox
images:
  worker:
    source: worker.raw
    verify:
      type: t3.micro
      timeout: 3m
      confirm: true
      checks:
        - {ssh: "true", user: root}
instances:
  pool: {image: IMAGE, type: t3.micro, count: 2, key_name: people}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    api.sandbox_service(home)
    yield home
    control.stop(home.path)


def test_people_log_in_to_machines_and_read_their_consoles(
    home: Home, tmp_path: Path, image: MakeImage
) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "worker.raw").symlink_to(image("plain"))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "EXTENCI_HOME": str(home.path)}
        return run_extenci(*words, cwd=specs, env=environment, timeout=240)

    clients = Clients(api.sandbox_service(home))
    staged = run("stage", str(specs / "worker.raw"), "sandbox", "--name", "base", "--stack", "other")
    assert staged.returncode == 0, staged.stderr
    key = tmp_path / "people.pem"
    ec2 = clients.ec2._session.client("ec2")
    key.write_text(ec2.create_key_pair(KeyName="people")["KeyMaterial"].rstrip() + "\n")
    key.chmod(0o600)
    (specs / "lab.yaml").write_text(SPEC.replace("IMAGE", staged.stdout.strip()))

    applied = run("apply", "-y")
    assert applied.returncode == 3, applied.stdout + applied.stderr  # the test VM waits for a person

    waiting = run("ssh", "sandbox/worker", "--", "uname", "-s")
    assert (waiting.returncode, waiting.stdout) == (0, "Linux\n"), waiting.stderr
    assert run("ssh", "sandbox/worker", "--", "exit", "7").returncode == 7
    assert "login:" in run("console", "sandbox/worker").stdout

    several = run("ssh", "sandbox/pool", "--user", "root", "true")
    assert several.returncode == 1
    assert "sandbox/pool[1]" in several.stderr
    words = ("--user", "root", "--key", str(key), "--", "hostname")
    end = time.monotonic() + BOOT_SECONDS
    while (last := run("ssh", "sandbox/pool[0]", *words)).returncode != 0:
        assert time.monotonic() < end, last.stderr
        time.sleep(1)
    assert "no machine number 2" in run("ssh", "sandbox/pool[2]", "true").stderr
    assert "has no machine i-0" in run("console", "sandbox/pool", "--machine", "i-0").stderr

    # A machine may write anything to its console.
    run("ssh", "sandbox/pool[0]", *words[:-1], "printf '\\033[2Jhostile\\n' > /dev/console")
    shown = None
    for _ in range(60):
        shown = run("console", "sandbox/pool[0]").stdout
        if "hostile" in shown:
            break
        time.sleep(0.5)
    assert "\x1b" not in (shown or "")
    assert "\\x1b[2Jhostile" in (shown or "")
    assert "\x1b[2Jhostile" in run("console", "sandbox/pool[0]", "--raw").stdout

    # The keys that the console shows count, whatever was kept before.
    (vm,) = [one.id for one in clients.ec2.machines("default") if one.marks and one.marks.role is Role.TEST]
    known = home.known_hosts_folder / vm / "known_hosts"
    kept = known.read_text()
    assert "SSH HOST KEY KEYS" in run("console", "sandbox/worker").stdout
    known.write_text(f"{kept.split()[0]} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{'A' * 42}I\n")
    assert run("ssh", "sandbox/worker", "true").returncode == 0
    assert known.read_text() == kept
    clients.close()

"""The log check, as far as it needs no machine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from extenci.model.launch import LaunchSettings
from extenci.model.service import Service
from extenci.model.verification import Check, Verify, hash_verify, needs_login
from extenci.spec.load import load_desired
from extenci.verify.checks.log import MOST_BYTES, LogCheck, read_command
from extenci.verify.checks.tcp import TcpCheck

FILE = "/var/log/cloud-init-output.log"


SPEC = """\
service: sandbox
images:
  worker:
    source: a.raw
    verify:
      type: t3.micro
      checks:
        - log: "^cloud-init.* finished"
          file: /var/log/cloud-init-output.log
        - log: ready
          file: "/var/log/the worker's log"
          user: admin
          key: keys/id_ed25519
          port: 2222
          timeout: 5s
          retries: 3
"""


def test_a_spec_becomes_checks_with_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SPEC)
    sandbox = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")
    (image,) = load_desired([tmp_path], catalog_services={}, sandbox=sandbox).images
    assert image.verify
    assert image.verify.checks == (
        LogCheck("^cloud-init.* finished", FILE),
        LogCheck(
            "ready",
            "/var/log/the worker's log",
            user="admin",
            key=str(tmp_path / "keys/id_ed25519"),
            port=2222,
            timeout=5,
            retries=3,
        ),
    )


def block(*checks: Check) -> Verify:
    return Verify(LaunchSettings("t3.micro"), checks=checks, root="/home/alice/specs")


def read(path: Path | str) -> subprocess.CompletedProcess[bytes]:
    """What the shell of a machine makes of the command."""
    return subprocess.run(["/bin/sh", "-c", read_command(str(path))], capture_output=True, check=False)


@pytest.mark.parametrize(
    "name", ["a.log", 'it\'s "quoted" $(touch x) `y` ; z', "-n", "*", "back\\slash", "ü"]
)
def test_the_shell_of_the_machine_reads_the_file_that_is_meant(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("ready\n")
    assert read(tmp_path / name).stdout == b"ready\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_only_the_end_of_a_large_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (3 * MOST_BYTES) + b"end")
    done = read(tmp_path / "large")
    assert len(done.stdout) == MOST_BYTES
    assert done.stdout.endswith(b"xend")


def test_a_file_that_cannot_be_read_has_a_status_of_its_own(tmp_path: Path) -> None:
    assert read(tmp_path / "gone").returncode == 66
    assert read(tmp_path).returncode == 65
    assert read("/dev/zero").returncode == 65


def test_a_file_that_its_user_may_not_read_has_a_status_of_its_own() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "secret"
        path.touch(mode=0)
        Path(folder).chmod(0o755)
        user = 65534 if os.geteuid() == 0 else None  # root may read everything
        command = ["/bin/sh", "-c", read_command(str(path))]
        assert subprocess.run(command, user=user, check=False).returncode == 77


def test_a_log_check_without_a_key_needs_a_temporary_one() -> None:
    assert needs_login(block(LogCheck("ready", FILE)))
    assert not needs_login(block(LogCheck("ready", FILE, key="/keys/id"), TcpCheck(22)))


def test_the_port_is_the_one_at_which_the_machines_is_reached() -> None:
    assert LogCheck("ready", FILE).at_forwards({22: 10022}) == LogCheck("ready", FILE, port=10022)


def test_the_hash_has_the_pattern_the_file_and_of_a_key_its_name() -> None:
    first = LogCheck("ready", FILE, key="/home/alice/.ssh/id")
    assert hash_verify(block(first), {}) == hash_verify(
        block(LogCheck("ready", FILE, key="/root/.ssh/id")), {}
    )
    others = [
        LogCheck("done", FILE, key=first.key),
        LogCheck("ready", "/x", key=first.key),
        LogCheck("ready", FILE),
    ]
    assert len({hash_verify(block(check), {}) for check in (first, *others)}) == 4

"""Private keys, programs and tests that are not as checks need them: found before a machine is there, and no
verdict where they show only then."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci.model.verdict import Evidence
from extenci.verify.checks import kind_of
from extenci.verify.checks.log import LogCheck
from extenci.verify.checks.pytest import PytestCheck
from extenci.verify.checks.run import RunCheck
from extenci.verify.checks.ssh import SshCheck
from extenci.verify.examine import examine
from extenci.verify.ssh.private_key import find_key_fault
from extenci.verify.target import Target
from tests.system.verify.sshd import Sshd, make_key

MakeTarget = Callable[..., Target]


def make_encrypted_key(path: Path, *more: str) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-N", "secret", *more, "-f", str(path)],  # noqa: S607
        check=True,
    )
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path, str], None]]:
    """Adds keys, with their passphrases, to an agent of its own."""
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent")])  # noqa: S607
    while not (tmp_path / "agent").exists():
        time.sleep(0.05)

    def add(path: Path, passphrase: str) -> None:
        (tmp_path / "askpass").write_text(f"#!/bin/sh\necho {passphrase}\n")
        (tmp_path / "askpass").chmod(0o755)
        asking = {"SSH_ASKPASS": str(tmp_path / "askpass"), "SSH_ASKPASS_REQUIRE": "force"}
        subprocess.run(["ssh-add", "-q", str(path)], check=True, env={**os.environ, **asking})  # noqa: S607

    yield add
    process.terminate()
    process.wait(10)


def test_a_key_that_ssh_takes_has_no_fault(key: Path) -> None:
    assert find_key_fault(key) == ""


def test_a_key_that_is_missing_open_public_encrypted_or_none_says_what_to_do(
    key: Path, tmp_path: Path
) -> None:
    assert find_key_fault(tmp_path / "no") == f"the private key {tmp_path}/no does not exist"
    assert find_key_fault(tmp_path) == f"the private key {tmp_path} does not exist"
    assert find_key_fault(key.with_suffix(".pub")) == f"{key}.pub is a public key; name the private key"
    key.chmod(0o644)
    assert find_key_fault(key).endswith(f"may be read by others, so ssh refuses it; run `chmod 600 {key}`")
    key.chmod(0o600)
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nno\n-----END OPENSSH PRIVATE KEY-----\n")
    assert find_key_fault(key) == f"{key} is not a private key that OpenSSH can read"


@pytest.mark.parametrize("form", [(), ("-m", "PEM")])
def test_a_passphrase_is_a_fault_unless_an_agent_has_the_key(
    tmp_path: Path, agent: Callable[[Path, str], None], form: tuple[str, ...]
) -> None:
    locked = make_encrypted_key(tmp_path / "locked", *form)
    assert find_key_fault(locked).endswith(f"and no agent has the key; run `ssh-add {locked}`")
    agent(locked, "secret")
    assert find_key_fault(locked) == ""
    assert find_key_fault(locked.with_suffix(".pub")) == ""  # ssh asks the agent for its private key


def test_checks_name_everything_that_is_missing_here(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    (tmp_path / "plain").touch()
    folder = str(tmp_path)
    checks = (
        SshCheck("true", key=nowhere),
        LogCheck("x", "/y", key=nowhere),
        PytestCheck((f"{nowhere}.py",), folder),
        RunCheck((f"{nowhere}.sh",), folder),
        RunCheck((str(tmp_path / "plain"),), folder),
        RunCheck(("no-such-program-anywhere",), folder),
        RunCheck(("true",), folder),
    )
    assert [list(kind_of(check).find_lacking(check)) for check in checks] == [
        [f"the private key {nowhere} does not exist"],
        [f"the private key {nowhere} does not exist"],
        ["the tests nowhere.py do not exist"],
        ["the program nowhere.sh does not exist"],
        [f"the program plain is not executable; run `chmod +x {tmp_path}/plain`"],
        ["the program no-such-program-anywhere is not in PATH"],
        [],
    ]


def look_once(target: Target, sshd: Sshd, key: Path) -> Evidence:
    check = SshCheck("true", user=sshd.user, key=str(key), port=sshd.port)
    return examine(target, [check], deadline=time.monotonic() + 20).evidence[0]


def test_a_key_that_ssh_refuses_while_checks_run_says_nothing_about_the_machine(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path, key: Path
) -> None:
    key.write_bytes(sshd.key.read_bytes())
    key.with_suffix(".pub").unlink()
    key.chmod(0o644)
    evidence = look_once(make_target(), sshd, key)
    assert (evidence.passed, evidence.unable, evidence.tries) == (False, True, 1)
    assert evidence.message == f"ssh cannot use the key file {key}: bad permissions"
    key.chmod(0o600)
    key.write_text("junk\n")
    assert look_once(make_target(), sshd, key).unable
    assert look_once(make_target(), sshd, tmp_path / "gone").unable


def test_a_good_key_that_the_machine_refuses_is_the_machines_fault(
    sshd: Sshd, make_target: MakeTarget, key: Path
) -> None:
    check = SshCheck("true", user=sshd.user, key=str(key), port=sshd.port, retries=0)
    evidence = examine(make_target(), [check], deadline=time.monotonic() + 20).evidence[0]
    assert (evidence.passed, evidence.unable) == (False, False)


def test_tests_that_cannot_be_imported_say_nothing_about_the_machine(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text("import no_such_module_anywhere\n")
    check = PytestCheck(
        (str(tmp_path / "test_it.py"),),
        str(tmp_path),
        user=sshd.user,
        key=str(sshd.key),
        port=sshd.port,
        retries=0,
    )
    evidence = examine(make_target(), [check], deadline=time.monotonic() + 60).evidence[0]
    assert (evidence.passed, evidence.unable) == (False, True), evidence

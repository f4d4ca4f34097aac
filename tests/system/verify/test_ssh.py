"""The ssh check against a real OpenSSH server."""

from __future__ import annotations

import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci.model.errors import Interrupted
from extenci.model.verdict import Evidence, MachineReport
from extenci.verify.checks.ssh import SshCheck
from extenci.verify.examine import examine
from extenci.verify.target import Target
from tests.system.verify.sshd import Sshd, free_port, make_key, start_sshd

MakeTarget = Callable[..., Target]


def look(target: Target, *checks: SshCheck, seconds: float = 20, **more: float) -> MachineReport:
    return examine(target, checks, deadline=time.monotonic() + seconds, console_every=0.1, **more)  # type: ignore[arg-type]


def look_once(target: Target, sshd: Sshd, command: str, **changes: object) -> Evidence:
    values: dict[str, object] = {
        "user": sshd.user, "key": str(sshd.key), "port": sshd.port, "retries": 0, **changes
    }  # fmt: skip
    return look(target, SshCheck(command, **values)).evidence[0]  # type: ignore[arg-type]


def keys_block(*keys: str) -> str:
    """What cloud-init prints, as a console shows it."""
    lines = "".join(f"[   12.3] cloud-init[611]: {key} root@host\r\n" for key in keys)
    return f"login: -----BEGIN SSH HOST KEY KEYS-----\r\n{lines}-----END SSH HOST KEY KEYS-----\r\n"


def fingerprints_block(fingerprint: str) -> str:
    begin, end = (
        f"-----{word} SSH HOST KEY FINGERPRINTS-----\n" for word in ("BEGIN", "END")
    )  # fmt: skip
    return f"{begin}ec2: 256 {fingerprint} root@host (ED25519)\n{end}"


@pytest.fixture
def other_key(tmp_path: Path) -> str:
    make_key(tmp_path / "other")
    return " ".join((tmp_path / "other.pub").read_text().split()[:2])


@pytest.fixture
def own_sshd(tmp_path: Path, sshd: Sshd) -> Iterator[Sshd]:
    server = start_sshd(tmp_path / "own")
    yield server
    server.stop()


def test_a_command_that_succeeds_passes_with_its_output(sshd: Sshd, make_target: MakeTarget) -> None:
    evidence = look_once(make_target(), sshd, "echo up; echo err >&2", output="^up$")
    assert evidence.passed, evidence
    assert evidence.message == "the command ended with status 0 and printed what it should"
    assert set(evidence.output.split()) == {"up", "err"}


def test_the_command_is_read_by_the_machines_shell_as_it_stands(sshd: Sshd, make_target: MakeTarget) -> None:
    assert look_once(make_target(), sshd, "echo \"$((6*7))\" 'a  b' | cat", output="^42 a  b$").passed


def test_another_status_fails_and_an_expected_one_passes(sshd: Sshd, make_target: MakeTarget) -> None:
    failed = look_once(make_target(), sshd, "exit 3")
    assert (failed.passed, failed.message) == (False, "the command ended with status 3, not 0")
    assert look_once(make_target(), sshd, "exit 3", status=3).passed


def test_a_command_that_is_not_there_is_tried_again_only_where_that_is_asked_for(
    sshd: Sshd, make_target: MakeTarget
) -> None:
    missing = look_once(make_target(), sshd, "no-such-command", retries=None)
    assert (missing.passed, missing.tries) == (False, 1)
    assert missing.message == "the command ended with status 127 (a command was not found), not 0"
    assert look_once(make_target(), sshd, "no-such-command", retries=1).tries == 2


def test_a_refused_connection_is_not_taken_for_status_255(sshd: Sshd, make_target: MakeTarget) -> None:
    assert look_once(make_target(), sshd, "exit 255", status=255).passed
    refused = look_once(make_target(), sshd, "true", status=255, port=free_port("127.0.0.1"))
    assert not refused.passed
    assert "Connection refused" in refused.message


def test_a_key_that_is_not_known_there_says_so(
    sshd: Sshd, make_target: MakeTarget, other_key: str, tmp_path: Path
) -> None:
    evidence = look_once(make_target(), sshd, "true", key=str(tmp_path / "other"))
    assert not evidence.passed
    assert "Permission denied" in evidence.message


def test_a_missing_key_is_final(sshd: Sshd, make_target: MakeTarget) -> None:
    evidence = look_once(make_target(), sshd, "true", key="/nowhere/key", retries=None)
    assert (evidence.passed, evidence.tries) == (False, 1)
    assert evidence.message == "the private key /nowhere/key does not exist"


def test_without_a_key_on_the_console_the_first_one_is_believed(sshd: Sshd, make_target: MakeTarget) -> None:
    target = make_target()
    assert look_once(target, sshd, "true").passed
    assert sshd.host_key in (target.folder / "known_hosts").read_text()


def test_keys_that_the_console_shows_are_the_ones_believed(
    sshd: Sshd, make_target: MakeTarget, other_key: str, tmp_path: Path
) -> None:
    assert look_once(make_target(keys_block(sshd.host_key)), sshd, "true").passed
    wrong = look_once(make_target(keys_block(other_key)), sshd, f"touch {tmp_path}/ran", retries=None)
    assert not wrong.passed
    assert not (tmp_path / "ran").exists()
    assert wrong.tries == 1
    assert "host key is not the one that the console shows" in wrong.message


def test_fingerprints_that_the_console_shows_are_checked_before_logging_in(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path
) -> None:
    assert look_once(make_target(fingerprints_block(sshd.fingerprint)), sshd, "true").passed
    wrong = fingerprints_block("SHA256:" + "A" * 43)
    evidence = look_once(make_target(wrong), sshd, f"touch {tmp_path}/ran", retries=None)
    assert not evidence.passed
    assert "host key is not the one that the console shows" in evidence.message
    assert not (tmp_path / "ran").exists()


def test_a_console_that_comes_late_takes_the_verdict_back(
    sshd: Sshd, make_target: MakeTarget, other_key: str
) -> None:
    asked = time.monotonic() + 0.4
    target = make_target(lambda: keys_block(other_key) if time.monotonic() > asked else "booting")
    evidence = look_once(target, sshd, "sleep 1")
    assert not evidence.passed
    assert "host key is not the one that the console shows" in evidence.message


def test_a_host_key_that_changes_fails(own_sshd: Sshd, make_target: MakeTarget) -> None:
    check = SshCheck("exit 1", user=own_sshd.user, key=str(own_sshd.key), port=own_sshd.port)
    found: list[MachineReport] = []
    thread = threading.Thread(target=lambda: found.append(look(make_target(), check, seconds=30)))
    thread.start()
    known = make_target().folder / "known_hosts"
    while not (known.exists() and known.read_text()):
        time.sleep(0.05)
    own_sshd.stop()
    for name in ("host_key", "host_key.pub"):
        (own_sshd.folder / name).unlink()
    again = start_sshd(own_sshd.folder, port=own_sshd.port)
    thread.join()
    again.stop()
    assert "host key is not the one that it had before" in found[0].evidence[0].message


def test_a_server_that_comes_up_later_is_waited_for(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path
) -> None:
    port = free_port("127.0.0.1")
    servers: list[Sshd] = []
    timer = threading.Timer(1.5, lambda: servers.append(start_sshd(tmp_path / "late", port=port)))
    (tmp_path / "late").mkdir()
    make_key(tmp_path / "late/login")
    timer.start()
    check = SshCheck("true", user=sshd.user, key=str(tmp_path / "late/login"), port=port)
    evidence = look(make_target(), check).evidence[0]
    timer.join()
    servers[0].stop()
    assert evidence.passed, evidence
    assert evidence.tries > 1


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """The socket of a real ssh-agent."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)  # noqa: S607
    while not path.exists():
        time.sleep(0.02)
    yield str(path)
    process.terminate()
    process.wait()


def test_a_bastion_of_the_users_configuration_is_used_and_no_agent_lent(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path, agent: str
) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"Host bastion\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.key}\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n"
        "Host 127.0.0.1\n  ProxyJump bastion\n  ForwardAgent yes\n  RemoteCommand false\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "SSH_AUTH_SOCK": agent}
    target = make_target(ssh_config=config, environment=environment)
    evidence = look_once(target, sshd, "echo $SSH_CONNECTION; env", output="^127")
    assert evidence.passed, evidence
    assert (sshd.folder / "log").read_text().count("Accepted publickey") >= 2
    assert "SSH_AUTH_SOCK" not in evidence.output


def test_a_command_that_hangs_is_ended_at_its_timeout(sshd: Sshd, make_target: MakeTarget) -> None:
    began = time.monotonic()
    evidence = look_once(make_target(), sshd, "sleep 60", timeout=1)
    assert evidence.message == "the command did not end within 1 s"
    assert time.monotonic() - began < 5


def test_endless_output_is_cut(sshd: Sshd, make_target: MakeTarget) -> None:
    evidence = look_once(make_target(), sshd, "yes")
    assert evidence.message == "the command was given up: it printed too much"
    assert len(evidence.output) < 5000


def test_stop_ends_a_login_at_once(sshd: Sshd, make_target: MakeTarget) -> None:
    stop = threading.Event()
    check = SshCheck("sleep 60", user=sshd.user, key=str(sshd.key), port=sshd.port)
    timer = threading.Timer(1.0, stop.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        examine(make_target(), [check], deadline=time.monotonic() + 60, stop=stop)
    assert time.monotonic() - began < 1.3


def test_people_log_in_with_the_same_configuration(sshd: Sshd, make_target: MakeTarget) -> None:
    target = make_target(user=sshd.user, key=sshd.key)
    assert look_once(target, sshd, "true").passed
    config = target.folder / "ssh_config"
    done = subprocess.run(
        ["ssh", "-F", str(config), "-p", str(sshd.port), target.address, "echo in"],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "in\n", done.stderr


def test_evidence_is_for_its_owner_only(sshd: Sshd, make_target: MakeTarget) -> None:
    target = make_target()
    evidence = look_once(target, sshd, "echo ../../x")
    assert stat.S_IMODE(target.folder.stat().st_mode) == 0o700
    assert evidence.file == str(target.folder / "01-ssh-echo-..-..-x.txt")
    assert stat.S_IMODE(Path(evidence.file).stat().st_mode) == 0o600
    assert "../../x\n" in Path(evidence.file).read_text()

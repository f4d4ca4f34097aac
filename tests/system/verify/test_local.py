"""console, run and pytest checks with real programs, and their early ends."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.model.errors import Interrupted, ServiceError, UsageError
from extenci.model.verdict import Evidence, MachineReport
from extenci.model.verification import Check
from extenci.verify.checks.console import ConsoleCheck
from extenci.verify.checks.pytest import PytestCheck
from extenci.verify.checks.run import RunCheck
from extenci.verify.checks.tcp import TcpCheck
from extenci.verify.examine import examine
from extenci.verify.target import Target
from tests.system.verify.sshd import Sshd, free_port

MakeTarget = Callable[..., Target]


def look(target: Target, *checks: Check, seconds: float = 20) -> MachineReport:
    return examine(target, checks, deadline=time.monotonic() + seconds, console_every=0.1)


def script(tmp_path: Path, text: str) -> RunCheck:
    path = tmp_path / "check.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return RunCheck((str(path), "one two"), str(tmp_path), retries=0)


def run(make_target: MakeTarget, check: RunCheck, **changes: object) -> Evidence:
    return look(make_target(**changes), check).evidence[0]


def test_a_program_knows_the_machine_and_its_output_is_kept(make_target: MakeTarget, tmp_path: Path) -> None:
    check = script(tmp_path, 'pwd; echo "$1"; env | grep EXTENCI_ | sort; cat "$EXTENCI_CONSOLE"')
    evidence = look(make_target("boot\r\n"), ConsoleCheck("boot"), check).evidence[1]
    folder = tmp_path / "evidence"
    assert evidence.passed
    assert evidence.output.splitlines() == [
        str(tmp_path),
        "one two",
        "EXTENCI_ADDRESS=127.0.0.1",
        f"EXTENCI_CONSOLE={folder}/console.txt",
        f"EXTENCI_FOLDER={folder}",
        "EXTENCI_IMAGE=ami-1",
        "EXTENCI_MACHINE=i-0123456789abcdef0",
        "EXTENCI_NAME=worker",
        "EXTENCI_SERVICE=sandbox",
        f"EXTENCI_SSH_CONFIG={folder}/ssh_config",
        "EXTENCI_STACK=test",
        "boot",
    ]
    assert evidence.output in Path(str(evidence.file)).read_text()


def test_a_program_gets_no_secrets_of_the_environment(
    make_target: MakeTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "GITHUB_TOKEN", "DB_PASSWORD", "EXTENCI_HOME"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("KEPT", "kept")
    output = run(make_target, script(tmp_path, "env")).output
    assert "hunter2" not in output
    assert "KEPT=kept" in output


def test_a_program_that_fails_says_how(make_target: MakeTarget, tmp_path: Path) -> None:
    evidence = run(make_target, script(tmp_path, "echo no service; exit 4"))
    assert evidence.message == "check.sh failed with exit status 4: no service"
    assert run(make_target, script(tmp_path, "kill -9 $$")).message == "check.sh failed with signal 9"


def test_a_program_that_is_not_there_is_tried_once(make_target: MakeTarget, tmp_path: Path) -> None:
    evidence = run(make_target, RunCheck(("no-such-program",), str(tmp_path)))
    assert evidence.tries == 1
    assert evidence.message == "no-such-program cannot be started: No such file or directory"


def test_a_program_ends_at_its_timeout_with_all_that_it_started(
    make_target: MakeTarget, tmp_path: Path
) -> None:
    check = script(tmp_path, "sleep 301 & echo $! > pid; wait")
    began = time.monotonic()
    evidence = run(make_target, RunCheck(check.run, check.folder, timeout=1, retries=0))
    assert evidence.message == "check.sh did not end within 1 s"
    assert time.monotonic() - began < 2
    assert_gone(int((tmp_path / "pid").read_text()))


def test_what_a_program_leaves_behind_ends_with_it(make_target: MakeTarget, tmp_path: Path) -> None:
    assert run(make_target, script(tmp_path, "sleep 302 & echo $! > pid")).passed
    assert_gone(int((tmp_path / "pid").read_text()))


def assert_gone(pid: int) -> None:
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(pid)


def test_the_console_is_searched_until_it_shows_what_it_should(make_target: MakeTarget) -> None:
    ready = time.monotonic() + 1.2
    target = make_target(lambda: "\x1b[1mboot\x1b[0m\r\n" + ("login: " if time.monotonic() > ready else ""))
    evidence = look(target, ConsoleCheck("^login:")).evidence[0]
    assert evidence.passed
    assert evidence.tries > 1
    assert (target.folder / "console.txt").read_text() == "boot\nlogin: "


def test_a_console_check_reads_the_console_itself(make_target: MakeTarget) -> None:
    ready = time.monotonic() + 0.5
    target = make_target(lambda: "login:" if time.monotonic() > ready else "boot")
    found = examine(target, [ConsoleCheck("login")], deadline=time.monotonic() + 20, console_every=60)
    assert found.evidence[0].passed


def test_a_pattern_that_takes_for_ever_is_given_up(make_target: MakeTarget) -> None:
    began = time.monotonic()
    evidence = look(make_target("a" * 60 + "!"), ConsoleCheck("(a+)+$", timeout=1, retries=0)).evidence[0]
    assert "takes too long" in evidence.message
    assert time.monotonic() - began < 3


def test_a_console_that_cannot_be_read_says_why(make_target: MakeTarget) -> None:
    def refuse() -> str:
        raise ServiceError("The service said no.")

    evidence = look(make_target(refuse), ConsoleCheck("x", retries=0)).evidence[0]
    assert evidence.message == "the console cannot be read: The service said no."


@pytest.mark.parametrize(
    "line",
    [
        "[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
        'You are in emergency mode. After logging in, type "journalctl -xb"',
        "(initramfs) ",
    ],
)
def test_a_console_without_hope_ends_whatever_runs(
    make_target: MakeTarget, tmp_path: Path, line: str
) -> None:
    seen = time.monotonic() + 0.5
    target = make_target(lambda: f"booting\r\n{line if time.monotonic() > seen else ''}\r\n")
    began = time.monotonic()
    found = look(target, script(tmp_path, "sleep 60"), TcpCheck(22), seconds=60)
    assert time.monotonic() - began < 2
    assert found.alarm == line.strip()
    assert [one.tries for one in found.evidence] == [1, 0]
    assert found.evidence[0].message.startswith("given up: the console shows ")
    assert found.evidence[1].message.startswith("not tried: the console shows ")
    assert line.strip() in found.console_end


def test_an_alarm_after_the_last_check_counts_too(make_target: MakeTarget, tmp_path: Path) -> None:
    seen = time.monotonic() + 0.2
    target = make_target(lambda: "Kernel panic - not syncing" if time.monotonic() > seen else "")
    found = examine(target, [script(tmp_path, "sleep 0.5")], deadline=time.monotonic() + 20, console_every=60)
    assert found.alarm == "Kernel panic - not syncing"


def test_after_a_failure_the_others_are_tried_once(make_target: MakeTarget, tmp_path: Path) -> None:
    closed = TcpCheck(free_port("127.0.0.1"), retries=0)
    found = look(make_target(), closed, TcpCheck(closed.tcp), script(tmp_path, "true"))
    assert [(one.passed, one.tries) for one in found.evidence] == [(False, 1), (False, 1), (True, 1)]


def test_stop_ends_a_program_at_once(make_target: MakeTarget, tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        examine(
            make_target(), [script(tmp_path, "echo $$ > pid; exec sleep 60")],
            deadline=time.monotonic() + 60, stop=stop,
        )  # fmt: skip
    assert time.monotonic() - began < 0.8
    assert_gone(int((tmp_path / "pid").read_text()))


def test_stop_does_not_wait_for_a_console_that_hangs(make_target: MakeTarget) -> None:
    stop, never = threading.Event(), threading.Event()
    target = make_target(lambda: str(never.wait(30)))
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        examine(target, [ConsoleCheck("x")], deadline=time.monotonic() + 60, stop=stop)
    assert time.monotonic() - began < 0.8
    never.set()


def test_the_time_to_the_first_answer_is_told(make_target: MakeTarget, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        checks: list[Check] = [script(tmp_path, "true"), TcpCheck(server.getsockname()[1])]
        now = time.monotonic()
        found = examine(make_target(), checks, deadline=now + 20, launched=now - 100)
    assert found.boot_seconds is not None
    assert 100 <= found.boot_seconds < 105


def test_an_address_that_is_no_address_is_refused(make_target: MakeTarget) -> None:
    for address in ("-oProxyCommand=touch", "", "a b", "x;y"):
        with pytest.raises(ServiceError, match="neither IP address nor host name"):
            look(make_target(address=address), TcpCheck(22))


def test_a_folder_that_cannot_be_made_is_a_wrong_usage(make_target: MakeTarget, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="Evidence cannot be kept"):
        look(make_target(folder=tmp_path / "file" / "x"), TcpCheck(22))


def test_a_folder_that_vanishes_ends_the_checks_in_words(make_target: MakeTarget, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Evidence cannot be kept"):
        look(make_target(), script(tmp_path, 'rm -r "$EXTENCI_FOLDER"'), TcpCheck(22, retries=0))


def write_tests(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "test_vm.py").write_text(text)


def pytest_check(sshd: Sshd, folder: Path, **changes: object) -> PytestCheck:
    values: dict[str, object] = {"user": sshd.user, "key": str(sshd.key), "port": sshd.port, "retries": 0}
    return PytestCheck((str(folder / "test_vm.py"),), str(folder), **{**values, **changes})  # type: ignore[arg-type]


def test_tests_see_the_machine_through_testinfra(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    folder = tmp_path / "own tests"
    write_tests(folder, "def test_shell(host):\n    assert host.check_output('echo up') == 'up'\n")
    evidence = look(make_target(), pytest_check(sshd, folder), seconds=60).evidence[0]
    assert evidence.passed, evidence
    assert sorted(path.name for path in folder.iterdir()) == ["test_vm.py"]


def test_tests_that_fail_say_which(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    write_tests(tmp_path / "t", "def test_file(host):\n    assert host.file('/nowhere').exists\n")
    evidence = look(make_target(), pytest_check(sshd, tmp_path / "t"), seconds=60).evidence[0]
    assert evidence.message.startswith("tests failed: 1 failed in")
    assert "test_file" in evidence.output


def test_a_file_without_tests_fails(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    write_tests(tmp_path / "t", "")
    evidence = look(make_target(), pytest_check(sshd, tmp_path / "t", retries=None), seconds=60).evidence[0]
    assert evidence.message.startswith("no tests were found")
    assert evidence.tries == 1


def test_the_folder_of_evidence_may_be_there_already(make_target: MakeTarget, tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir(mode=0o755)
    look(make_target())
    assert os.listdir(tmp_path / "evidence")  # noqa: PTH208 - names only


def test_without_testinfra_a_check_says_what_to_install(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "testinfra" else object())
    write_tests(tmp_path / "t", "def test_a(host): pass\n")
    evidence = look(make_target(), pytest_check(sshd, tmp_path / "t", retries=None)).evidence[0]
    assert evidence.tries == 1
    assert evidence.message == "testinfra cannot be imported; install 'extenci[testinfra]' beside extenci"


def test_a_program_ends_when_this_process_is_killed(make_target: MakeTarget, tmp_path: Path) -> None:
    check = script(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 600 & echo $! >> {tmp_path}/pid; wait")
    child = os.fork()
    if child == 0:
        look(make_target(), check, seconds=100)
        os._exit(0)
    end = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or len((tmp_path / "pid").read_text().split()) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pids = [int(word) for word in (tmp_path / "pid").read_text().split()]
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < end, "the program outlives this process"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

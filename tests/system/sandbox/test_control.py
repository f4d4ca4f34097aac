"""Starting, finding, stopping and resetting a sandbox: each test has a home, and processes, of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci.model.errors import SandboxError
from extenci.model.service import SandboxStatus
from extenci.sandbox import control, process
from tests.program.sandboxes import as_people_start_them


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "home"
    with as_people_start_them():
        yield place
        control.stop(place)


def alive(pid: int | None) -> bool:
    """Not ended; an ended process may wait a while for init to take notice (state Z, proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(pid: int | None) -> None:
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.02)


def test_nothing_runs_where_nothing_was_started(home: Path) -> None:
    expected = SandboxStatus(False, "", "", "", "simulated", None, home / "sandbox" / "calls.jsonl")
    assert control.status(home) == expected
    assert not home.exists()


def test_a_sandbox_starts_once_and_stops_with_all_it_had(home: Path) -> None:
    started = control.start(home)
    assert started.running
    assert started.machines == "simulated"
    assert alive(started.pid)
    assert control.start(home) == started
    assert control.status(home) == started
    assert started.calls.parent == home / "sandbox"
    control.stop(home)
    assert not alive(started.pid)
    assert not (home / "sandbox").exists()
    assert not control.status(home).running
    control.stop(home)


def test_its_files_are_the_owners_alone(home: Path) -> None:
    control.start(home)
    for path in [home / "sandbox", *(home / "sandbox").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_its_keys_look_like_keys_and_last_until_it_is_stopped(home: Path) -> None:
    control.start(home)
    access, secret = control.key_files(home)
    first = access.read_text("ascii")
    assert first.startswith("AKIASANDBOX")
    assert len(first) == 21
    assert first.endswith("\n")
    assert len(secret.read_text("ascii").strip()) == 40
    control.reset(home)
    assert access.read_text("ascii") == first
    control.stop(home)
    control.start(home)
    assert access.read_text("ascii") != first


def test_a_reset_sandbox_is_empty_on_the_same_ports(home: Path) -> None:
    before = control.start(home)
    leftover = home / "sandbox" / "disks" / "snap-0123.raw"
    leftover.write_bytes(b"data")
    after = control.reset(home)
    assert (after.ec2, after.s3, after.ebs) == (before.ec2, before.s3, before.ebs)
    assert after.pid != before.pid
    assert not alive(before.pid)
    assert not leftover.exists()
    assert control.status(home) == after


def test_resetting_what_does_not_run_starts_nothing(home: Path) -> None:
    assert not control.reset(home).running
    assert not (home / "sandbox").exists()


def test_commands_that_start_at_once_get_the_same_one(home: Path) -> None:
    code = f"""
from pathlib import Path
from extenci.sandbox import control
print(control.start(Path({str(home)!r})).pid)
"""
    root = str(Path(control.__file__).parents[2])
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": root}
        )
        for _ in range(3)
    ]
    pids = {command.communicate(timeout=60)[0].strip() for command in commands}
    assert pids == {b"%d" % (control.status(home).pid or 0)}


def test_it_survives_the_command_that_started_it(home: Path) -> None:
    """It has a session of its own, and is nobody's child."""
    started = control.start(home)
    assert started.pid is not None
    assert os.getsid(started.pid) != os.getsid(0)
    fields = Path(f"/proc/{started.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    assert int(fields[1]) != os.getpid()


def test_a_killed_sandbox_is_noticed_and_its_disks_are_dropped(home: Path) -> None:
    killed = control.start(home)
    leftover = home / "sandbox" / "disks" / "snap-0123.raw"
    leftover.write_bytes(b"data")
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_for_end(killed.pid)
    assert not control.status(home).running
    again = control.start(home)
    assert again.running
    assert again.pid != killed.pid
    assert not leftover.exists()


def test_a_process_that_only_has_the_same_id_is_left_alone(home: Path) -> None:
    """Its id was reused: the state file names a living process that is no sandbox."""
    (home / "sandbox").mkdir(parents=True)
    state = {"pid": os.getpid(), "identity": "x", "ec2": 1, "s3": 1, "ebs": 1, "machines": "simulated"}
    (home / "sandbox" / "state.json").write_text(json.dumps(state), "utf-8")
    assert not control.status(home).running
    assert control.start(home).pid != os.getpid()


def test_a_hung_sandbox_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = control.start(home)
    assert hung.pid is not None
    os.kill(hung.pid, signal.SIGSTOP)
    monkeypatch.setattr(process, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(process, "STOP_SECONDS", 0.5)
    assert not control.status(home).running
    again = control.start(home)
    assert again.running
    assert again.pid != hung.pid
    assert not alive(hung.pid)


def test_a_sandbox_whose_home_vanished_ends(home: Path) -> None:
    started = control.start(home)
    shutil.rmtree(home)
    wait_for_end(started.pid)


def test_sigterm_ends_it_cleanly(home: Path) -> None:
    started = control.start(home)
    assert started.pid is not None
    os.kill(started.pid, signal.SIGTERM)
    wait_for_end(started.pid)
    assert (home / "sandbox" / "server.log").read_text("utf-8") == ""


def test_a_failed_start_quotes_the_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "soon")
    with pytest.raises(SandboxError) as caught:
        control.start(home)
    assert "could not convert string to float: 'soon'" in caught.value.message
    assert "Traceback" in caught.value.hint
    assert not control.status(home).running


def test_without_moto_it_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SandboxError, match="pip install 'extenci\\[sandbox\\]'"):
        control.start(home)


def test_the_commands_process_imports_nothing_heavy(home: Path) -> None:
    """No moto, boto3 or anything of PyPI in the command's process."""
    code = f"""
import sys
from pathlib import Path
from extenci.sandbox import control
control.status(Path({str(home)!r}))
print(sorted(set(sys.modules) & {{"moto", "boto3", "botocore", "pydantic", "rich", "flask"}}))
"""
    root = str(Path(control.__file__).parents[2])
    environment = {"PYTHONPATH": root, "PATH": os.environ["PATH"]}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert found.stdout == b"[]\n"

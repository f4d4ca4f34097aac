from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from extenci.catalog.home import Home
from extenci.catalog.lock import hold, is_free
from extenci.model.errors import CatalogError, LockHeld

Start = Callable[..., "subprocess.Popen[str]"]

HOLDER = """
import sys
from pathlib import Path
from extenci.catalog.home import Home
from extenci.catalog.lock import hold
with hold(Home(Path(sys.argv[1])), "stack", "extenci apply specs/"):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""


def held_by(start: Start, home: Home) -> subprocess.Popen[str]:
    process = start(HOLDER, home.path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.then: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then()


def test_whether_the_lock_is_free_is_told_without_taking_it(home: Home, start: Start) -> None:
    assert is_free(home, "stack")
    process = held_by(start, home)
    assert not is_free(home, "stack")
    process.kill()
    process.wait()
    assert is_free(home, "stack")
    with hold(home, "stack", "extenci apply"):
        assert not is_free(home, "stack")


def test_the_second_apply_is_told_who_holds_the_lock_and_how_to_wait(home: Home, start: Start) -> None:
    process = held_by(start, home)
    with pytest.raises(LockHeld) as caught, hold(home, "stack", "extenci apply"):
        pass
    message = caught.value.message
    assert f"on {socket.gethostname()} (`extenci apply specs/`, process {process.pid}, since 20" in message
    assert "--lock-timeout" in caught.value.hint


def test_waiting_ends_when_the_lock_is_let_go(home: Home, start: Start) -> None:
    process = held_by(start, home)
    told: list[str] = []
    time_ = Time()

    def release() -> None:
        if time_.now > 2:
            process.communicate("\n", timeout=10)

    time_.then = release
    with hold(home, "stack", "x", 60, clock=time_.clock, sleep=time_.sleep, on_wait=told.append):
        assert 2 < time_.now < 10
    assert len(told) == 1
    assert f"process {process.pid}" in told[0]


def test_waiting_in_vain_ends_at_the_given_time(home: Home, start: Start) -> None:
    held_by(start, home)
    time_ = Time()
    with (
        pytest.raises(LockHeld, match="still at work after 3 seconds"),
        hold(home, "stack", "x", 3, clock=time_.clock, sleep=time_.sleep),
    ):
        pass
    assert time_.now == 3


def test_kill_9_lets_the_lock_go_and_what_it_left_is_no_holder(home: Home, start: Start) -> None:
    process = held_by(start, home)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads(home.lock("stack").read_text())["pid"] == process.pid
    with hold(home, "stack", "x"):
        assert json.loads(home.lock("stack").read_text())["pid"] == os.getpid()
    assert home.lock("stack").read_text() == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', "[" * 5000, '{"pid": "x"}'])
def test_a_holder_that_has_not_said_who_it_is_is_still_a_holder(
    home: Home, start: Start, content: str
) -> None:
    held_by(start, home)
    file = home.lock("stack")
    file.write_text(content)  # another process has the lock, so closing the file here lets nothing go
    with pytest.raises(LockHeld, match="has just begun"), hold(home, "stack", "x"):
        pass


def test_the_same_process_never_holds_it_twice(home: Home, start: Start) -> None:
    errors: list[LockHeld] = []

    def again() -> None:
        try:
            with hold(home, "stack", "second"):
                pass
        except LockHeld as error:
            errors.append(error)

    with hold(home, "stack", "first"):
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()
        again()
        process = start(HOLDER, home.path)
        assert "LockHeld" in process.communicate("\n", timeout=20)[1]
    assert ["`first`" in error.message for error in errors] == [True, True]
    with hold(home, "stack", "third"):
        pass


def test_the_lock_is_let_go_when_the_work_fails(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), hold(home, "stack", "x"):
        raise ZeroDivisionError
    with hold(home, "stack", "y"):
        pass


def test_two_homes_do_not_wait_for_each_other(home: Home) -> None:
    with hold(home, "stack", "x"), hold(home, "other", "y"), hold(Home(home.path / "other"), "stack", "y"):
        pass


def test_a_lock_that_cannot_be_made_is_reported(home: Home) -> None:
    home.make(home.lock("stack"))
    with pytest.raises(CatalogError, match="Is a directory"), hold(home, "stack", "x"):
        pass


def test_a_link_is_not_locked(home: Home) -> None:
    home.make()
    (home.path / "other").write_text("mine")
    home.make(home.locks_folder)
    home.lock("stack").symlink_to(home.path / "other")
    with pytest.raises(CatalogError, match="cannot be used"), hold(home, "stack", "x"):
        pass
    assert (home.path / "other").read_text() == "mine"


def test_only_its_owner_can_open_the_lock(home: Home) -> None:
    with hold(home, "stack", "x"):
        assert stat.S_IMODE(home.lock("stack").stat().st_mode) == 0o600


def test_real_waiting_works_with_the_real_clock(home: Home, start: Start) -> None:
    process = held_by(start, home)
    letting_go = threading.Timer(0.2, lambda: process.communicate("\n"))
    letting_go.start()
    began = time.monotonic()
    with hold(home, "stack", "x", 10):
        assert 0.1 < time.monotonic() - began < 5
    letting_go.join()


def test_a_holder_is_not_mistaken_for_the_dead_one_before_it(home: Home, start: Start) -> None:
    dead = start("pass")
    dead.wait()
    held_by(start, home)
    content = {"pid": dead.pid, "host": socket.gethostname(), "user": "x", "since": 1.0, "command": "old"}
    home.lock("stack").write_text(json.dumps(content))
    with pytest.raises(LockHeld, match="has just begun"), hold(home, "stack", "x"):
        pass
    home.lock("stack").write_text(json.dumps({**content, "host": "elsewhere"}))
    with pytest.raises(LockHeld, match="x on elsewhere"), hold(home, "stack", "x"):
        pass


def test_a_lock_file_deleted_while_it_is_taken_does_not_count(
    home: Home, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    real = fcntl.flock
    calls: list[int] = []

    def flock(descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            if not calls:
                home.lock("stack").unlink()
            calls.append(descriptor)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with hold(home, "stack", "x"):
        assert len(calls) == 2
        assert "LockHeld" in start(HOLDER, home.path).communicate("\n", timeout=20)[1]

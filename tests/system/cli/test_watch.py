"""`extenci status --watch` as a user has it: in a terminal, into a pipe, and until Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.system.main_job.conftest import World, world

__all__ = ["world"]

PATIENCE_SECONDS = 30.0
CLEAR = "\x1b[H\x1b[2J"
COMMAND = (sys.executable, "-m", "extenci", "status", "--watch")


class Watch:
    """A watch under way, and what can be read of it so far."""

    def __init__(self, process: subprocess.Popen[bytes], output: int) -> None:
        self.process = process
        self._output = output
        self.text = ""

    def until(self, question: Callable[[str], object]) -> None:
        """Read until the text is as it is asked for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not question(self.text):
            assert time.monotonic() < deadline, self.text
            if select.select([self._output], [], [], 0.2)[0]:
                piece = os.read(self._output, 65536)
                assert piece, f"it ended: {self.text}"
                self.text += piece.decode()

    def rest(self) -> str:
        """What it says until its end; a terminal whose last user is gone gives EIO."""
        while True:
            try:
                piece = os.read(self._output, 65536)
            except OSError:
                piece = b""
            if not piece:
                return self.text
            self.text += piece.decode()


def environment(world: World) -> dict[str, str]:
    return {**os.environ, "EXTENCI_HOME": str(world.home.path), "TERM": "xterm", "NO_COLOR": "1"}


@contextmanager
def piped(world: World) -> Iterator[Watch]:
    process = subprocess.Popen(
        [*COMMAND, str(world.specs)],
        env=environment(world),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield Watch(process, process.stdout.fileno())
    finally:
        process.kill()
        process.communicate()


@contextmanager
def in_a_terminal(world: World) -> Iterator[tuple[Watch, int]]:
    """The command with a terminal of its own, whose other end is the number."""
    keyboard, terminal = pty.openpty()
    take_it = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    script = f"{take_it}; os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *COMMAND, str(world.specs)],
        env=environment(world), stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        yield Watch(process, keyboard), keyboard
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)


@pytest.fixture
def standing(world: World) -> World:
    """A world in which one machine runs."""
    world.write(count=1)
    world.make_disk(data=0)
    assert world.apply().ok
    return world


def test_a_watch_in_a_terminal_draws_anew_and_ends_with_the_keys_ctrl_c(standing: World) -> None:
    with in_a_terminal(standing) as (watch, keyboard):
        watch.until(lambda text: "sandbox/pool: 1 desired, 1 running" in text)
        standing.write(count=2)
        standing.apply()
        watch.until(lambda text: "sandbox/pool: 2 desired, 2 running" in text)
        os.write(keyboard, b"\x03")
        assert watch.process.wait(PATIENCE_SECONDS) == 0
        said = watch.rest()
    assert said.startswith(CLEAR)
    assert said.rsplit(CLEAR, 1)[1].count("Stack default on sandbox") == 1
    assert "Traceback" not in said
    assert said.endswith("\r\n")


def test_a_watch_into_a_pipe_says_one_status_after_the_other_and_ends_with_sigint(standing: World) -> None:
    with piped(standing) as watch:
        watch.until(lambda text: text.count("1 desired, 1 running") == 2)
        watch.process.send_signal(signal.SIGINT)
        said, aside = watch.process.communicate(timeout=PATIENCE_SECONDS)
        assert (watch.process.returncode, said, aside) == (0, b"", b"")
    assert CLEAR not in watch.text
    _, first, second = watch.text.split("Stack default on sandbox")
    assert without_ages(first) == without_ages(second)


def without_ages(status: str) -> str:
    return re.sub(r"\d+ (?:s|min)$", "AGE", status.strip(), flags=re.MULTILINE)


def test_a_watch_goes_on_past_specs_that_are_wrong_for_a_while(standing: World) -> None:
    with piped(standing) as watch:
        watch.until(lambda text: "1 desired, 1 running" in text)
        (standing.specs / "stack.yaml").write_text("service: [\n")
        assert watch.process.stderr is not None
        assert select.select([watch.process.stderr], [], [], PATIENCE_SECONDS)[0]
        standing.write(count=4)
        watch.until(lambda text: "4 desired, 1 running" in text)
        watch.process.send_signal(signal.SIGINT)
        _, aside = watch.process.communicate(timeout=PATIENCE_SECONDS)
        assert watch.process.returncode == 0
    assert b"stack.yaml:" in aside


def test_a_watch_of_specs_that_are_wrong_from_the_start_fails(world: World) -> None:
    world.write(count=1)
    (world.specs / "stack.yaml").write_text("service: [\n")
    with piped(world) as watch:
        _, aside = watch.process.communicate(timeout=PATIENCE_SECONDS)
        assert watch.process.returncode == 1
    assert b"stack.yaml:" in aside


def test_a_watch_ends_when_nobody_reads_it_any_more(standing: World) -> None:
    with piped(standing) as watch:
        watch.until(lambda text: "1 desired, 1 running" in text)
        assert watch.process.stdout is not None
        watch.process.stdout.close()
        assert watch.process.wait(PATIENCE_SECONDS) == 0
        assert watch.process.stderr is not None
        assert watch.process.stderr.read() == b""
        watch.process.stdout = None

"""Commands that tests fork are as the installed program: in what they say, and as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.program.command import INSTALLED, PROGRAM, run_extenci, start_extenci

CASES = [
    ("--version",),
    ("--help",),
    ("no-such-command",),
    ("validate", "."),
    ("validate", "no-such-folder"),
    ("trust", "--list"),
    ("sandbox", "status"),
    ("catalog", "show", "nobody"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "EXTENCI_HOME": str(tmp_path / "home"), "COLUMNS": "90"}


@pytest.mark.parametrize("words", CASES)
def test_a_command_says_and_ends_as_the_installed_one(
    words: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text("service: [\n")
    own = run_extenci(*words, env=environment, cwd=tmp_path)
    other = subprocess.run(
        [INSTALLED, *words], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (own.returncode, own.stdout, own.stderr) == (other.returncode, other.stdout, other.stderr)


def test_it_has_the_umask_and_the_command_line_that_it_is_given(
    environment: dict[str, str], tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        watch = start_extenci(
            "status", "--watch", "specs here", env=environment, cwd=tmp_path, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.umask(before)
    with watch:
        status = Path(f"/proc/{watch.pid}/status").read_text("utf-8")
        assert os.getsid(watch.pid) == watch.pid
        watch.kill()
        assert watch.wait(10) == -signal.SIGKILL
    assert "Umask:\t0027" in status or PROGRAM in os.environ


def test_it_can_be_interrupted_and_waited_for_by_several(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "extenci.yaml").write_text("stack: test\n")
    (tmp_path / "a.yaml").write_text("service: sandbox\nimages: {}\n")
    options = {"env": environment, "cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start_extenci("status", "--watch", ".", **options) as watch:
        assert watch.stdout is not None
        assert watch.stdout.read(1)
        assert watch.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            watch.wait(0.1)
        began = time.monotonic()
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == watch.poll() == 0
        assert time.monotonic() - began < 20
    run_extenci("sandbox", "stop", env=environment)

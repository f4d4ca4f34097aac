"""Whether the command of a run still asks a person."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from extenci.catalog.home import Home
from extenci.catalog.questions import STALE_SECONDS, asking_runs, hold_question

ASK = """
import sys, time
from pathlib import Path
from extenci.catalog.home import Home
from extenci.catalog.questions import hold_question
with hold_question(Home(Path(sys.argv[1])), "run"):
    print("asks", flush=True)
    time.sleep(60)
"""


def test_a_run_asks_while_its_command_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert asking_runs(home) == frozenset()
    with hold_question(home, "a"), hold_question(home, "b"):
        assert asking_runs(home) == {"a", "b"}
    assert asking_runs(home) == frozenset()
    assert not list(home.locks_folder.glob("*"))


def test_a_command_that_was_killed_asks_no_more_and_its_file_goes_in_time(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with subprocess.Popen([sys.executable, "-c", ASK, str(home.path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert asking_runs(home) == {"run"}
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert asking_runs(home) == frozenset()
    path = home.question("run")
    assert path.exists()
    old = path.stat().st_mtime - STALE_SECONDS - 1
    os.utime(path, (old, old))
    assert asking_runs(home) == frozenset()
    assert not path.exists()

"""The command under test, as all tests start it, in the way of `subprocess.run` and `subprocess.Popen`.

It is a process of its own, forked from one that has loaded extenci, with everything that a process is given.
It is started instead where EXTENCI_PROGRAM names the program (`EXTENCI_PROGRAM=extenci`: the installed one),
and where its environment asks something else of Python.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.program.forked import Forked
from tests.program.loaded import EXTENCI

PROGRAM = "EXTENCI_PROGRAM"
INSTALLED = str(Path(sys.executable).with_name("extenci"))
"""The program that people start."""


def start_extenci(*words: str | Path, **options: Any) -> subprocess.Popen[Any]:
    """A command at work. `options` are those of `subprocess.Popen`."""
    arguments = [str(word) for word in words]
    named = shlex.split(os.environ.get(PROGRAM, ""))
    environment = options.get("env")
    if (
        named
        or "preexec_fn" in options
        or not EXTENCI.fits(os.environ if environment is None else environment)
    ):
        return subprocess.Popen([*(named or [INSTALLED]), *arguments], **options)
    return Forked(EXTENCI, ["extenci", *arguments], **options)


def run_extenci(
    *words: str | Path,
    timeout: float | None = 120,
    capture_output: bool = True,
    text: bool = True,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """A command to its end, without a terminal; `stdout` and `stderr` are what it said."""
    options = {"stdin": subprocess.DEVNULL, "text": text, **options}
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start_extenci(*words, **options) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

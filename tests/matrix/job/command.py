"""extenci as it is installed: a command with an exit status, in a home of its own, bounded in time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.processes import end
from tests.program.command import start_extenci

STEP_SECONDS = 120.0
HANGS = -1
"""The exit status of a command that was ended because its time was up."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    words: tuple[str, ...]
    status: int
    output: str
    errors: str
    seconds: float

    @property
    def text(self) -> str:
        """All it printed."""
        return f"{self.output.rstrip()}\n{self.errors.rstrip()}".strip()

    @property
    def last_lines(self) -> str:
        """The end of what it printed, without empty lines."""
        return "\n".join([line for line in self.text.splitlines() if line.strip()][-12:])


def environment(home: Path) -> Mapping[str, str]:
    """What the command sees: no credentials and no settings but the laboratory's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "EXTENCI_"))}
    return {
        **kept,
        "EXTENCI_HOME": str(home),
        "EXTENCI_SANDBOX_MACHINES": "simulated",
        "EXTENCI_SANDBOX_BOOT_SECONDS": "0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_COLOR": "1",
        "COLUMNS": "160",
    }


def run(home: Path, folder: Path, *words: str, seconds: float = STEP_SECONDS) -> Done:
    """The command, without a terminal, in a folder. One that takes too long is killed: status HANGS."""
    start = time.monotonic()
    process = start_extenci(
        *words,
        cwd=folder,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        end(process)
        output, errors = process.communicate()
        status = HANGS
    return Done(words, status, output, errors, time.monotonic() - start)

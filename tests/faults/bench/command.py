"""Commands of extenci: a session of its own for each, bounded in time, and measured.

They are forked from a process that has loaded extenci, or started where EXTENCI_PROGRAM names the program
(`tests.program.command`).
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.program.command import start_extenci

HANG_SECONDS = 360.0
LOOK_SECONDS = 0.2
"""Between two looks at the memory of a command."""
_DEFECTS = ("Traceback (most recent call last)", "This is a defect of extenci")


@dataclass(frozen=True)
class Done:
    """A command that has ended; `status` is negative where a signal ended it."""

    words: tuple[str, ...]
    status: int
    text: str
    seconds: float
    mib: float
    """The most memory it took, in MiB."""
    hung: bool = False

    @property
    def is_defect(self) -> bool:
        """Whether it says that it does not know what went wrong."""
        return any(one in self.text for one in _DEFECTS)

    def __str__(self) -> str:
        head = f"$ extenci {shlex.join(self.words)}  → {self.status} in {self.seconds:.1f} s"
        lines = [line for line in self.text.splitlines() if line.strip()]
        return "\n".join([head, *(f"  | {line}" for line in lines[-14:])])


class Running:
    """A command at work; `pid` leads its process group."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.words = tuple(words)
        self._begun = time.monotonic()
        self._process = start_extenci(
            *words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._streams = [ThreadedStream(one) for one in (self._process.stdout, self._process.stderr) if one]

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, seconds: float = HANG_SECONDS) -> Done:
        """Its end. One that takes longer is ended, with all it has started."""
        mib, has_hung, status = 0.0, False, None
        while status is None:
            if time.monotonic() - self._begun >= seconds:
                has_hung = True
                self._end()
            mib = max(mib, _most_mib(self.pid))
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(LOOK_SECONDS)
        took = time.monotonic() - self._begun
        self._end()  # what it has started may live on, and hold its output open
        text = "\n".join(one.read().rstrip() for one in self._streams).strip()
        return Done(self.words, status, text, took, mib, hung=has_hung)

    def _end(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class ThreadedStream:
    """A stream of a command that is read, to its end, while the command works."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._text = stream, b""
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def read(self) -> str:
        """All of it."""
        self._reader.join(20)
        return self._text.decode("utf-8", "replace")

    def _collect(self) -> None:
        with self._stream:
            self._text = self._stream.read()


def _most_mib(pid: int) -> float:
    """The most memory that a process has taken so far (proc(5), VmHWM)."""
    with suppress(OSError, IndexError, ValueError):
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
        return int(text.partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0


def base_environment() -> dict[str, str]:
    """No credentials, no settings and no proxies but the laboratory's."""
    dropped = ("AWS_", "EXTENCI_", "CONDOR_", "_CONDOR_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped) and not name.lower().endswith("_proxy")
    }
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1", "COLUMNS": "160"}

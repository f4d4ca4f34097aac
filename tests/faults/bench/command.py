"""extenci as it is installed: a process group of its own, bounded in time, and measured."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HANG_SECONDS = 180.0
LOOK_SECONDS = 0.2
"""Between two looks at the memory of a command."""
PROGRAM = tuple(
    shlex.split(os.environ.get("EXTENCI_PROGRAM", "")) or [str(Path(sys.executable).with_name("extenci"))]
)
"""The command that is tried; EXTENCI_PROGRAM names another one."""
_DEFECTS = ("Traceback (most recent call last)", "This is a defect of extenci")


@dataclass(frozen=True)
class Done:
    """A command that has ended; `status` is negative where a signal ended it."""

    words: tuple[str, ...]
    status: int
    text: str
    output: str
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
    """A command at work."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.words = tuple(words)
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._texts: dict[str, bytes] = {}
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            self._start(name, stream.read)
            for name, stream in (("out", self._process.stdout), ("err", self._process.stderr))
        ]

    def wait(self, seconds: float = HANG_SECONDS) -> Done:
        """Its end. One that takes longer is ended, with all it has started."""
        mib = 0.0
        while self._process.poll() is None:
            took = time.monotonic() - self._begun
            if took >= seconds:
                self._end()
            mib = max(mib, _most_mib(self.pid))
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_SECONDS)
        took = time.monotonic() - self._begun
        self._end()  # what it has started may live on, and hold its output open
        for reader in self._readers:
            reader.join(20)
        code = self._process.returncode
        output, errors = (self._texts.get(name, b"").decode("utf-8", "replace") for name in ("out", "err"))
        text = f"{output.rstrip()}\n{errors.rstrip()}".strip()
        return Done(self.words, code, text, output, took, mib, hung=took >= seconds)

    def _start(self, name: str, read: Callable[[], bytes]) -> threading.Thread:
        def collect() -> None:
            self._texts[name] = read()

        thread = threading.Thread(target=collect, daemon=True)
        thread.start()
        return thread

    def _end(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _most_mib(pid: int) -> float:
    """The most memory that a process has taken so far (proc(5), VmHWM; what wait4(2) tells counts that of
    its parent before exec)."""
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

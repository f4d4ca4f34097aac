"""Commands of extenci: a session of its own for each, bounded in time, and measured.

They are forked from a process that has loaded extenci (`forks.py`), or started where EXTENCI_PROGRAM names
the program.
"""

from __future__ import annotations

import itertools
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

HANG_SECONDS = 360.0
LOOK_SECONDS = 0.2
"""Between two looks at the memory of a command."""
PROGRAM = "EXTENCI_PROGRAM"
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


@dataclass
class Running:
    """A command at work; `pid` leads its process group."""

    words: tuple[str, ...]
    pid: int = 0
    status: int | None = None
    changed: threading.Event = field(default_factory=threading.Event)
    """Set when `pid` is known, and again when `status` is."""
    _begun: float = field(default_factory=time.monotonic)
    _texts: dict[str, bytes] = field(default_factory=dict)
    _readers: list[threading.Thread] = field(default_factory=list)

    def read(self, name: str, descriptor: int) -> None:
        """Collects a stream of the command, to its end."""

        def collect() -> None:
            with os.fdopen(descriptor, "rb") as stream:
                self._texts[name] = stream.read()

        reader = threading.Thread(target=collect, daemon=True)
        reader.start()
        self._readers.append(reader)

    def wait(self, seconds: float = HANG_SECONDS) -> Done:
        """Its end. One that takes longer is ended, with all it has started."""
        mib, has_hung = 0.0, False
        while self.status is None:
            if time.monotonic() - self._begun >= seconds:
                has_hung = True
                self._end()
            mib = max(mib, _most_mib(self.pid))
            self.changed.wait(LOOK_SECONDS)
        took = time.monotonic() - self._begun
        self._end()  # what it has started may live on, and hold its output open
        for reader in self._readers:
            reader.join(20)
        output, errors = (self._texts.get(name, b"").decode("utf-8", "replace") for name in ("out", "err"))
        text = f"{output.rstrip()}\n{errors.rstrip()}".strip()
        return Done(self.words, self.status, text, took, mib, hung=has_hung)

    def _end(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class Starter:
    """Starts commands, for any thread."""

    def __init__(self) -> None:
        self._program = shlex.split(os.environ.get(PROGRAM, ""))
        self._running: dict[int, Running] = {}
        self._numbers = itertools.count()
        self._sending = threading.Lock()
        if not self._program:
            self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._forks = _start_forks(theirs)
            threading.Thread(target=self._listen, daemon=True).start()

    def start(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Running:
        """A command in a folder, without a terminal."""
        running = Running(tuple(words))
        ours, theirs = zip(os.pipe(), os.pipe(), strict=True)
        try:
            if self._program:
                self._spawn(running, folder, environment, theirs)
            else:
                self._ask(running, folder, environment, theirs)
        finally:
            for one in theirs:
                os.close(one)
        for name, descriptor in zip(("out", "err"), ours, strict=True):
            running.read(name, descriptor)
        return running

    def stop(self) -> None:
        """Ends the process that commands are forked from."""
        if not self._program:
            self._link.shutdown(socket.SHUT_RDWR)
            self._forks.wait(10)
            self._link.close()

    def _ask(
        self, running: Running, folder: Path, environment: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        number = next(self._numbers)
        self._running[number] = running
        request = {
            "id": number,
            "words": list(running.words),
            "folder": str(folder),
            "environment": dict(environment),
        }
        with self._sending:
            socket.send_fds(self._link, [json.dumps(request).encode()], list(streams))
        if not running.changed.wait(30):
            raise RuntimeError("no command can be forked")
        if running.status is None:
            running.changed.clear()

    def _listen(self) -> None:
        while text := self._link.recv(4096):
            answer = json.loads(text)
            running = self._running[answer["id"]]
            if "pid" in answer:
                running.pid = answer["pid"]
            else:
                running.status = answer["status"]
            running.changed.set()

    def _spawn(
        self, running: Running, folder: Path, environment: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        process = subprocess.Popen(
            [*self._program, *running.words],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=streams[0],
            stderr=streams[1],
            start_new_session=True,
        )
        running.pid = process.pid

        def reap() -> None:
            running.status = process.wait()
            running.changed.set()

        threading.Thread(target=reap, daemon=True).start()


def _start_forks(link: socket.socket) -> subprocess.Popen[bytes]:
    link.set_inheritable(True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.bench.forks", str(link.fileno())],
        cwd=Path(__file__).parents[3],
        env=base_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[link.fileno()],
        start_new_session=True,
    )
    link.close()
    return process


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

"""A process of our own that calls HTCondor's bindings, so that this one can show progress and be stopped."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Lock
from typing import IO, Any

from extenci.model.errors import Interrupted

PROGRAM = Path(__file__).with_name("bindings.py")
LOOK_SECONDS = 0.1
"""How often it is looked whether to go on waiting."""
SETTLE_SECONDS = 5.0
"""How long a call may still take after a stop, if it changes something, or was begun to tidy up."""
LAST_SECONDS = 1.0
"""How long a process that closed its socket may take to end."""
CHUNK_BYTES = 1 << 20


class NoAnswer(Exception):
    """A call had no answer; the text says why. Nobody knows whether it was carried out."""


@dataclass(frozen=True)
class Terms:
    """How long an answer is waited for: at most so many `seconds`; `note` is told for how many it was.
    `changes`: the call changes something."""

    seconds: float
    note: Callable[[float], None]
    changes: bool = False


@dataclass
class _Running:
    """The process, this end of its socket, and the file that takes what it prints."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    printed: IO[bytes]

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.wait()
        self.channel.close()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.printed.close()

    def last_words(self) -> str:
        """How the process ended, and the end of what it printed."""
        try:
            status = self.process.wait(LAST_SECONDS)
        except subprocess.TimeoutExpired:
            return "HTCondor's bindings answer no more"
        self.printed.seek(0)
        said = self.printed.read().decode("utf-8", "replace").split()
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"HTCondor's bindings ended ({how}): {' '.join(said[-50:])}"


class Worker:
    """Passes requests on to the process, which is started by the first one and after each that had no answer.
    Any thread may use it; `stop` set ends waiting."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._turn = Lock()
        self._running: list[_Running] = []
        self._end = weakref.finalize(self, _end_all, self._running)

    def ask(self, request: Mapping[str, object], terms: Terms) -> Any:
        """The answer to a request (see `bindings`). NoAnswer; Interrupted where `stop` was set meanwhile.
        Then the process is ended, and the call is cut off."""
        waiting = _Waiting(self._stop, terms)
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            waiting.check()
        try:
            return self._exchange(json.dumps(request).encode() + b"\n", _Waiting(self._stop, terms))
        except BaseException:
            _end_all(self._running)
            raise
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the process, and with it a call that another thread makes. A later request starts another."""
        for one in self._running:
            one.process.kill()
        with self._turn:
            _end_all(self._running)

    def _exchange(self, request: bytes, waiting: _Waiting) -> Any:
        running = self._started()
        left, received = memoryview(request), bytearray()
        try:
            while not received.endswith(b"\n"):
                waiting.check()
                try:
                    if left:
                        left = left[running.channel.send(left) :]
                    else:
                        received += (chunk := running.channel.recv(CHUNK_BYTES))
                        if not chunk:
                            raise NoAnswer(running.last_words())
                except TimeoutError:
                    continue
        except OSError:
            raise NoAnswer(running.last_words()) from None
        return json.loads(received)

    def _started(self) -> _Running:
        if self._running and self._running[0].process.poll() is not None:
            _end_all(self._running)
        if not self._running:
            self._running.append(_start())
        return self._running[0]


class _Waiting:
    """The wait for one answer."""

    def __init__(self, stop: Event, terms: Terms) -> None:
        self._stop, self._terms = stop, terms
        self._began = time.monotonic()
        self._until = self._began + terms.seconds
        self._settles = terms.changes or stop.is_set()
        self._is_stopped = False

    def check(self) -> None:
        """NoAnswer or Interrupted once it has been waited for long enough."""
        now = time.monotonic()
        if self._stop.is_set() and not self._is_stopped:
            self._is_stopped = True
            self._until = min(self._until, now + (SETTLE_SECONDS if self._settles else 0.0))
        if now >= self._until:
            if self._is_stopped:
                raise Interrupted(
                    "HTCondor did not answer, and waiting for it was interrupted.",
                    "The same command goes on with what became of its jobs." if self._terms.changes else "",
                )
            raise NoAnswer(f"it did not answer for {now - self._began:.0f} seconds")
        self._terms.note(now - self._began)


def _start() -> _Running:
    ours, theirs = socket.socketpair()
    ours.settimeout(LOOK_SECONDS)
    printed = TemporaryFile()  # noqa: SIM115 - it is there for as long as the process
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())],
            stdin=subprocess.PIPE,  # nothing is written to it: the kernel closes it when this process ends
            stdout=printed,
            stderr=printed,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return _Running(process, ours, printed)


def _end_all(running: list[_Running]) -> None:
    while running:
        running.pop().end()

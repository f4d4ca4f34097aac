"""`python -m tests.faults.bench.forks FD`: extenci, loaded once, and forked for each command.

Starting Python and loading extenci takes most of the time of a command on a small cloud. In all else a
command that is forked is as one that is started: it leads a session of its own, has the folder, the
environment and the streams that it is given, and ends as a program does. HTCondor's bindings are not loaded
before, since they read their configuration then.

Requests on the socket FD are JSON with two descriptors, for stdout and stderr; answers say `pid`, later
`status`.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from contextlib import suppress

import extenci

REQUEST_BYTES = 180_000
_LEFT_OUT = ("extenci.__main__", "extenci.sandbox.", "extenci.cloud.condor.")
_KEPT = ("extenci.sandbox.control", "extenci.sandbox.process")


def load() -> None:
    """Loads what commands need, and neither moto nor HTCondor."""
    for module in pkgutil.walk_packages(extenci.__path__, "extenci."):
        if module.name in _KEPT or not module.name.startswith(_LEFT_OUT):
            importlib.import_module(module.name)


class Forks:
    """Forks commands until the other end of its socket is closed."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._running: dict[int, int] = {}
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)

    def serve(self) -> list[str] | None:
        """In the process that was started: None, at the end. In each that it forks: the command's words."""
        while True:
            readable, _, _ = select.select([self._link.fileno(), self._woken], [], [])
            if self._woken in readable:
                os.read(self._woken, 4096)
                self._reap()
            if self._link.fileno() in readable:
                text, descriptors, _, _ = socket.recv_fds(self._link, REQUEST_BYTES, 2)
                if not text:
                    self._end_all()
                    return None
                request = json.loads(text)
                words = self._fork(request, descriptors)
                if words is not None:
                    return words

    def _fork(self, request: dict[str, object], descriptors: list[int]) -> list[str] | None:
        pid = os.fork()
        if pid == 0:
            return self._become(request, descriptors)
        self._running[pid] = int(str(request["id"]))
        for one in descriptors:
            os.close(one)
        self._say({"id": request["id"], "pid": pid})
        return None

    def _become(self, request: dict[str, object], descriptors: list[int]) -> list[str]:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for number, descriptor in enumerate(descriptors, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        self._link.close()
        os.close(self._woken)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        os.chdir(str(request["folder"]))
        environment = request["environment"]
        assert isinstance(environment, dict)
        os.environ.clear()
        os.environ.update(environment)
        words = request["words"]
        assert isinstance(words, list)
        return words

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._say({"id": self._running.pop(pid), "status": os.waitstatus_to_exitcode(status)})

    def _say(self, answer: dict[str, object]) -> None:
        with suppress(OSError):
            self._link.send(json.dumps(answer).encode())

    def _end_all(self) -> None:
        for pid in self._running:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Returns in each command that is forked when that has ended: it then ends as a program does."""
    load()
    words = Forks(socket.socket(fileno=int(sys.argv[1]))).serve()
    if words is not None:
        sys.argv = ["extenci", *words]
        importlib.import_module("extenci.cli.main").main()


if __name__ == "__main__":
    main()

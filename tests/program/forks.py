"""`python -m tests.program.forks extenci|sandbox FD SANDBOXES`: a program, loaded once, and forked for each
command.

Starting Python and loading extenci takes most of the time of a command on a small cloud, and loading moto
most of a sandbox's start. In all else a command that is forked is as one that is started: it has the folder,
the environment, the streams, the umask and the command line that it is given, and ends as a program does.
HTCondor's bindings are not loaded before, since they read their configuration then. The sandboxes that
commands of extenci start are forked, too: SANDBOXES is the number of the socket on which they are asked for.

Requests on the socket with the number FD are JSON with descriptors: a socket of the command's own, on which
its process id and, later, its wait status (waitpid(2)) are told; stdin, stdout, stderr; and what else it
inherits.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

REQUEST_BYTES = 180_000
MOST_DESCRIPTORS = 16
ROOM = "-" * 4096
"""The last word of this process, so that there is room for the command lines of commands."""
_HIGH = 200
"""Descriptors from here on are no number that a command is given."""

_LEFT_OUT = ("extenci.__main__", "extenci.sandbox.", "extenci.cloud.condor.")
_KEPT = ("extenci.sandbox.control", "extenci.sandbox.process")


def load_extenci(sandboxes: socket.socket) -> Callable[[], object]:
    """Loads what commands need, and neither moto nor HTCondor."""
    import extenci  # noqa: PLC0415 - not for sandboxes
    from tests.program.forked import Forks  # noqa: PLC0415
    from tests.program.sandboxes import fork_sandboxes  # noqa: PLC0415

    for module in pkgutil.walk_packages(extenci.__path__, "extenci."):
        if module.name in _KEPT or not module.name.startswith(_LEFT_OUT):
            importlib.import_module(module.name)
    fork_sandboxes(Forks(sandboxes))
    _read_descriptions()
    return importlib.import_module("extenci.cli.main").main  # type: ignore[no-any-return]


def _read_descriptions() -> None:
    """Reads the SDK's descriptions of the services, as each command does when it makes its clients."""
    from botocore.session import Session  # noqa: PLC0415 - not for sandboxes

    from extenci.cloud.aws.botocore_models import shared_loader  # noqa: PLC0415

    session = Session()
    session.register_component("data_loader", shared_loader(session))
    for name in ("ec2", "ebs", "s3"):
        session.create_client(
            name, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        ).close()


def load_sandbox(sandboxes: socket.socket) -> Callable[[], object]:
    """Loads what the server of a sandbox needs: moto, with the settings that it has there."""
    sandboxes.close()  # nobody asks itself
    server = importlib.import_module("extenci.sandbox.server.main")
    os.environ.update(server._MOTO_SETTINGS)
    importlib.import_module("extenci.sandbox.server.services")
    importlib.import_module("extenci.image.bundle.certificates")
    mock_random = importlib.import_module("moto.moto_api._internal").mock_random

    def run() -> None:
        mock_random.seed()  # otherwise all would give the same ids
        server.main(sys.argv[1:])

    return run


class Server:
    """Forks commands until the other end of its socket is closed."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self.told = link
        """In each that it forks: the command's own socket."""
        self._running: dict[int, tuple[int, socket.socket]] = {}
        """Process id and socket of each command, by its pidfd."""

    def serve(self) -> dict[str, Any] | None:
        """In the process that was started: None, at the end. In each that it forks: what is asked of it."""
        while True:
            readable, _, _ = select.select([self._link.fileno(), *self._running], [], [])
            for one in readable:
                if one != self._link.fileno():
                    self._reap(one)
                    continue
                text, descriptors, _, _ = socket.recv_fds(self._link, REQUEST_BYTES, MOST_DESCRIPTORS)
                if not text:
                    return None
                request = dict(json.loads(text))
                if self._fork(request, descriptors):
                    return request

    def _fork(self, request: Mapping[str, Any], descriptors: list[int]) -> bool:
        """Whether this is the new process."""
        pid = os.fork()
        if pid == 0:
            self._take_over(descriptors, [0, 1, 2, *request["inherited"]])
            return True
        for one in descriptors[1:]:
            os.close(one)
        told = socket.socket(fileno=descriptors[0])
        self._running[os.pidfd_open(pid)] = (pid, told)
        return False

    def _take_over(self, descriptors: list[int], numbers: list[int]) -> None:
        """In a new command: it has what it is given, under those numbers, and nothing else of ours."""
        own, *high = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _HIGH) for one in descriptors)
        self.told = socket.socket(fileno=own)
        for other, (_, told) in self._running.items():
            os.close(other)
            told.close()
        self._link.close()
        for one in descriptors:
            os.close(one)
        for one, number in zip(high, numbers, strict=True):
            os.dup2(one, number)
            os.close(one)

    def _reap(self, descriptor: int) -> None:
        pid, told = self._running.pop(descriptor)
        os.close(descriptor)
        tell(told, f"status {os.waitpid(pid, 0)[1]}")
        told.close()


def tell(told: socket.socket, text: str) -> None:
    """Tells whoever asked for a command."""
    with suppress(OSError):
        told.send(text.encode())


def become(request: Mapping[str, Any]) -> None:
    """Makes this process what the command would be that is asked for."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["session"]:
        os.setsid()
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    time.tzset()
    sys.argv = list(request["words"])
    _write_command_line([sys.executable, "-m", *sys.argv])
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(  # type: ignore[misc]  # noqa: SIM115
        2, "w", buffering=1, errors="backslashreplace", closefd=False
    )


def _write_command_line(words: list[str]) -> None:
    """Writes /proc/PID/cmdline, where other processes look who this is (proc(5): arg_start)."""
    fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    text = b"".join(os.fsencode(word) + b"\0" for word in words)[: end - start - 1]
    ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)


PROGRAMS = {"extenci": load_extenci, "sandbox": load_sandbox}


def main() -> None:
    """Returns in each command that is forked when that has ended: it then ends as a program does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the commands
    name, *descriptors, _room = sys.argv[1:]
    link, sandboxes = (socket.socket(fileno=int(one)) for one in descriptors)
    for one in (link, sandboxes):
        one.set_inheritable(False)
    run = PROGRAMS[name](sandboxes)
    del sys.path[0]  # the folder with the tests, for `-m`
    gc.collect()
    gc.freeze()
    server = Server(link)
    request = server.serve()
    if request is not None:
        become(request)
        tell(server.told, f"pid {os.getpid()}")
        server.told.close()
        run()


if __name__ == "__main__":
    main()

"""Processes that are forked from one that has loaded their program, and are used as any other."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, AnyStr

_PARAMETERS: Sequence[str] = list(
    signature(subprocess.Popen._execute_child).parameters  # type: ignore[attr-defined]
)[2:]
_PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


class Forks:
    """A program that is loaded (`tests.program.forks`) and waits for commands at a socket's other end."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    @property
    def link(self) -> socket.socket:
        """The socket on which it is asked."""
        return self._link

    def ask(self, request: Mapping[str, object], descriptors: Sequence[int]) -> socket.socket:
        """Has a command forked. Its process id and its wait status are told on the socket."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self.link, [json.dumps(request).encode()], [theirs.fileno(), *descriptors])
        return ours


class Forked(subprocess.Popen[AnyStr]):
    """A process that is forked from a program that is loaded; its `args` are all its words."""

    def __init__(self, forks: Forks, words: Sequence[str], **options: Any) -> None:
        self._forks = forks
        self._hearing = threading.Lock()
        super().__init__(words, **options)

    def _execute_child(self, args: Sequence[str], *given: Any) -> None:
        """Called by `Popen.__init__`, which has made the pipes (-1: there is none)."""
        asked: dict[str, Any] = dict(zip(_PARAMETERS, given, strict=True))
        pipes = [asked[name] for name in _PIPES]
        streams: list[int] = [
            one if one >= 0 else number for number, one in enumerate((pipes[0], pipes[3], pipes[5]))
        ]
        request = {
            "words": list(args),
            "inherited": list(asked["pass_fds"]),
            "folder": os.fspath(asked["cwd"] or Path.cwd()),
            "environment": dict(os.environ if asked["env"] is None else asked["env"]),
            "session": asked["start_new_session"],
            "umask": _umask(),
        }
        try:
            self._told = self._forks.ask(request, [*streams, *asked["pass_fds"]]).detach()
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
        weakref.finalize(self, os.close, self._told)  # a thread may wait for it until then
        told = os.read(self._told, 64).split()  # once it is all that is asked for, as after exec(3)
        if told[:1] != [b"pid"]:
            raise RuntimeError(f"{args!r} cannot be forked")
        self.pid = int(told[1])
        self._child_created = True

    def _internal_poll(self, _deadstate: object = None, **_more: object) -> int | None:
        return self._hear(0)

    def _wait(self, timeout: float | None) -> int:
        status = self._hear(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def _hear(self, seconds: float | None) -> int | None:
        """The exit status, once it has ended; None: it has not within that time."""
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            with self._hearing:  # another thread may have heard it
                if self.returncode is None:
                    self.returncode = os.waitstatus_to_exitcode(_status(os.read(self._told, 64)))
        return self.returncode


def _status(told: bytes) -> int:
    """The wait status; where the forking process is gone, too, as of a command that was killed."""
    return int(told.split()[1]) if told else signal.SIGKILL


def _umask() -> int:
    """The umask of this process (proc(5)); umask(2) tells it only by changing it."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return int(next(one for one in lines if one.startswith("Umask")).split()[1], 8)

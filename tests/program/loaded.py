"""The programs that are loaded once in each process that runs tests, at their first use."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.program.forked import Forks
from tests.program.forks import ROOM

_DROPPED = (
    "AWS_",
    "EXTENCI_",
    "CONDOR_",
    "_CONDOR_",
    "MOTO_",
    "TEST_SERVER_MODE",
    "INITIAL_NO_AUTH_ACTION_COUNT",
)
_READ_AT_START = ("PYTHON", "LC_", "LANG", "GLIBC_", "LD_", "OPENSSL_")
"""What begins the names of variables that a program reads as it starts: before it is forked, here."""


class Loaded(Forks):
    """One of the programs of `tests.program.forks`. It ends after this process."""

    def __init__(self, name: str, sandboxes: Loaded | None = None) -> None:
        self._name, self._sandboxes = name, sandboxes
        self._starting = threading.Lock()
        self._opened: socket.socket | None = None
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}

    @property
    def link(self) -> socket.socket:
        """The socket on which it is asked."""
        with self._starting:
            if self._opened is None:
                self._opened, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                atexit.register(self._opened.close)
                with theirs:
                    others = self._sandboxes.link if self._sandboxes else theirs
                    self._load([theirs.fileno(), os.dup(others.fileno())])
            return self._opened

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether a command with this environment would start as the program that is loaded has."""
        return at_start(environment) == at_start(self._environment)

    def _load(self, links: Sequence[int]) -> None:
        subprocess.Popen(
            [sys.executable, "-m", "tests.program.forks", self._name, *map(str, links), ROOM],
            cwd=Path(__file__).resolve().parents[2],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=links,
        ).returncode = 0  # nobody waits for it
        os.close(links[1])


def at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a program reads as it starts."""
    return {key: value for key, value in environment.items() if key.startswith(_READ_AT_START)}


SANDBOX = Loaded("sandbox")
EXTENCI = Loaded("extenci", SANDBOX)

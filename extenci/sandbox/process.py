"""The sandbox's process, seen from outside: started, asked who it is, ended. Standard library only."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from extenci.model.errors import SandboxError
from extenci.sandbox.folder import Folder
from extenci.sandbox.identity import IDENTITY_PATH

START_SECONDS = 60.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 5.0

_FOREIGN_ENVIRONMENT = ("MOTO_", "AWS_", "TEST_SERVER_MODE", "INITIAL_NO_AUTH_ACTION_COUNT")


@dataclass(frozen=True)
class Server:
    """A server as its state file tells it."""

    pid: int
    identity: str
    ec2: int
    s3: int
    ebs: int
    machines: Literal["qemu", "simulated"]
    forwards: Mapping[str, int] = field(default_factory=dict)
    """Ports of machines, and where they are reached; JSON makes the keys texts."""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def ports(self) -> tuple[int, int, int]:
        return self.ec2, self.s3, self.ebs


def answers(server: Server) -> bool:
    """Whether the process at the state file's port says that it is the one that wrote the file."""
    connection = http.client.HTTPConnection("127.0.0.1", server.ec2, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", IDENTITY_PATH)
        answer = json.loads(connection.getresponse().read(65536))
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return isinstance(answer, dict) and answer.get("identity") == server.identity


def launch(folder: Folder, ports: tuple[int, int, int]) -> Server:
    """Starts a server on `ports` (0: free ones) and returns when it answers. Raises SandboxError."""
    if importlib.util.find_spec("moto") is None:
        raise SandboxError(
            "The sandbox needs moto, which is not installed here.",
            "Install it with: pip install 'extenci[sandbox]'",
        )
    reader, writer = os.pipe()
    try:
        _spawn(folder, ports, writer)
        os.close(writer)
        writer = -1
        problem = _wait_for_word(reader)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    server = Server.read(folder.state)
    if problem or server is None:
        raise SandboxError(
            f"The sandbox did not start: {problem or 'it left no state file'}",
            f"The end of {folder.log}:\n{_tail(folder.log)}",
        )
    return server


def _spawn(folder: Folder, ports: tuple[int, int, int], ready: int) -> None:
    """Starts the server, which forks away from here at once: its end never leaves a zombie with us."""
    command = [sys.executable, "-m", "extenci.sandbox.server.main", str(folder.home.absolute())]
    command += [str(ready), *(str(port) for port in ports)]
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[ready],
            cwd="/",
            env=_environment(),
            start_new_session=True,
            check=False,
        )
    finally:
        os.close(log)


def _environment() -> dict[str, str]:
    """Ours, without what would change moto or boto, and with the place this package was loaded from."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN_ENVIRONMENT)}
    package = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [package, kept.get("PYTHONPATH", "")]))
    return kept


def _wait_for_word(reader: int) -> str:
    """`""` when the server said it is ready, else what is wrong. It says one line, or dies silently."""
    word = b""
    deadline = time.monotonic() + START_SECONDS
    while not word.endswith(b"\n"):
        patience = deadline - time.monotonic()
        if patience <= 0 or not select.select([reader], [], [], patience)[0]:
            return f"no answer within {START_SECONDS:.0f} seconds."
        piece = os.read(reader, 4096)
        if not piece:
            return "its process ended."
        word += piece
    text = word.decode("utf-8", "replace").strip()
    return "" if text == "ready" else text


def end(folder: Folder) -> None:
    """Ends the server, hung or not; a process that is not ours is left alone."""
    server = Server.read(folder.state)
    if server is None:
        return
    try:
        process = os.pidfd_open(server.pid)
    except OSError:
        return
    try:
        if not answers(server) and not _is_server(server.pid, folder):
            return
        for name in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, name)
            if select.select([process], [], [], STOP_SECONDS)[0]:
                return
        raise SandboxError(f"The sandbox's process {server.pid} does not end, not even by SIGKILL.")
    finally:
        os.close(process)


def _is_server(pid: int, folder: Folder) -> bool:
    """A hung server does not tell its identity; its command line does (proc(5))."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"extenci.sandbox.server.main" in words and os.fsencode(folder.home.absolute()) in words


def _tail(path: Path, size: int = 3000) -> str:
    try:
        return path.read_bytes()[-size:].decode("utf-8", "replace").strip() or "(empty)"
    except OSError as error:
        return f"(unreadable: {error.strerror})"

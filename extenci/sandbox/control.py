"""Starts, finds, stops and resets the sandbox of an EXTENCI_HOME.

Standard library only: this is loaded by every command that uses the service `sandbox`, and must not
cost the second that importing moto takes. The sandbox is a process of its own that survives the
command; there is one for each home, found by its state file and asked for its identity, because a
process id alone may by now belong to someone else.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import importlib.util
import json
import os
import secrets
import select
import shutil
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from extenci.model.errors import SandboxError
from extenci.sandbox.folder import Folder

IDENTITY_PATH = "/.extenci-sandbox"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 5.0

_FOREIGN_ENVIRONMENT = ("MOTO_", "AWS_", "TEST_SERVER_MODE", "INITIAL_NO_AUTH_ACTION_COUNT")


@dataclass(frozen=True)
class SandboxStatus:
    """What `extenci sandbox status` shows. URLs are `""` while nothing runs."""

    running: bool
    ec2: str
    s3: str
    ebs: str
    machines: Literal["qemu", "simulated"]
    pid: int | None
    calls: Path


@dataclass(frozen=True)
class _Server:
    """A server's state file."""

    pid: int
    identity: str
    ec2: int
    s3: int
    ebs: int
    machines: Literal["qemu", "simulated"]

    @classmethod
    def read(cls, path: Path) -> Self | None:
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def ports(self) -> tuple[int, int, int]:
        return self.ec2, self.s3, self.ebs


def start(home: Path) -> SandboxStatus:
    """Starts the sandbox of `home` unless it runs, and returns when it answers (about 1 second).

    Raises SandboxError when moto is not installed or the server does not come up.
    """
    folder = Folder(home)
    with _locked(folder):
        server = _running(folder)
        if server is None:
            _discard(folder, keep_keys=True)
            server = _launch(folder, (0, 0, 0))
        return _status(folder, server)


def status(home: Path) -> SandboxStatus:
    """Finds out whether the sandbox of `home` runs. Changes nothing."""
    folder = Folder(home)
    return _status(folder, _running(folder))


def stop(home: Path) -> None:
    """Ends the sandbox of `home` and removes all it had: machines, disks, objects, keys and logs."""
    folder = Folder(home)
    if not folder.root.exists():
        return
    with _locked(folder):
        _end(folder)
        _discard(folder, keep_keys=False)


def reset(home: Path) -> SandboxStatus:
    """Drops all state and disks. A sandbox that ran runs again, empty, on the same ports with the same keys."""
    folder = Folder(home)
    with _locked(folder):
        server = _running(folder)
        _end(folder)
        _discard(folder, keep_keys=server is not None)
        return _status(folder, _launch(folder, server.ports) if server else None)


def key_files(home: Path) -> tuple[Path, Path]:
    """The files with the access key and the secret key for the service `sandbox`; `start` writes them."""
    folder = Folder(home)
    return folder.access_key, folder.secret_key


def _status(folder: Folder, server: _Server | None) -> SandboxStatus:
    if server is None:
        return SandboxStatus(False, "", "", "", "simulated", None, folder.calls)
    ec2, s3, ebs = (f"http://127.0.0.1:{port}" for port in server.ports)
    return SandboxStatus(True, ec2, s3, ebs, server.machines, server.pid, folder.calls)


@contextlib.contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    """Only one command at a time starts or ends the sandbox of a home."""
    folder.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _running(folder: Folder) -> _Server | None:
    server = _Server.read(folder.state)
    return server if server is not None and _answers(server) else None


def _answers(server: _Server) -> bool:
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


def _launch(folder: Folder, ports: tuple[int, int, int]) -> _Server:
    if importlib.util.find_spec("moto") is None:
        raise SandboxError(
            "The sandbox needs moto, which is not installed here.",
            "Install it with: pip install 'extenci[sandbox]'",
        )
    _prepare(folder)
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
    server = _Server.read(folder.state)
    if problem or server is None:
        raise SandboxError(
            f"The sandbox did not start: {problem or 'it left no state file'}",
            f"The end of {folder.log}:\n{_tail(folder.log)}",
        )
    return server


def _spawn(folder: Folder, ports: tuple[int, int, int], ready: int) -> None:
    """Starts the server, which forks away from here at once: its end never leaves a zombie with us."""
    command = [sys.executable, "-m", "extenci.sandbox.server", str(folder.home.absolute())]
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


def _prepare(folder: Folder) -> None:
    for place in (folder.root, folder.keys, folder.disks):
        place.mkdir(mode=0o700, exist_ok=True)
    symbols = string.ascii_uppercase + string.digits
    if not folder.access_key.exists():
        _write_key(folder.access_key, "AKIASANDBOX" + "".join(secrets.choice(symbols) for _ in range(9)))
    if not folder.secret_key.exists():
        _write_key(folder.secret_key, secrets.token_hex(20))


def _write_key(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    unfinished.replace(path)


def _end(folder: Folder) -> None:
    """Ends the server, hung or not; a process that is not ours is left alone."""
    server = _Server.read(folder.state)
    if server is None:
        return
    try:
        process = os.pidfd_open(server.pid)
    except OSError:
        return
    try:
        if not _answers(server) and not _is_server(server.pid, folder):
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
    return b"extenci.sandbox.server" in words and os.fsencode(folder.home.absolute()) in words


def _discard(folder: Folder, *, keep_keys: bool) -> None:
    if not folder.root.exists():
        return
    for entry in folder.root.iterdir():
        if keep_keys and entry == folder.keys:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not keep_keys:
        folder.root.rmdir()


def _tail(path: Path, size: int = 3000) -> str:
    try:
        return path.read_bytes()[-size:].decode("utf-8", "replace").strip() or "(empty)"
    except OSError as error:
        return f"(unreadable: {error.strerror})"

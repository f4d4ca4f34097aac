"""One apply at a time in one home, by a lock that the kernel lets go when its holder dies.

POSIX record locks (`lockf`) also work on NFS. Two of their habits are guarded against here: a process
never waits for itself, and closing any descriptor of the file in a process lets its lock go.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from extenci.catalog.home import Home
from extenci.model.errors import CatalogError, LockHeld

PAUSE_SECONDS = 0.5
CONTENT_BYTES = 4096


@dataclass(frozen=True)
class Holder:
    """Who holds the lock; `since` is seconds since the epoch."""

    pid: int
    host: str
    user: str
    since: float
    command: str

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.user} on {self.host} (`{self.command}`, process {self.pid}, since {since})"


_held: dict[Path, Holder] = {}
_held_guard = threading.Lock()


@contextmanager
def hold(
    home: Home,
    command: str,
    wait_seconds: float = 0.0,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock of a home while the block runs; LockHeld once `wait_seconds` have passed in vain.

    `on_wait` is told once who is waited for.
    """
    home.make()
    deadline = clock() + wait_seconds
    told = on_wait is None
    while isinstance(taken := take(home.lock, command, clock()), Blocker):
        if clock() >= deadline:
            raise taken.error(wait_seconds)
        if on_wait is not None and not told:
            on_wait(f"Waiting for {taken}.")
            told = True
        sleep(max(0.0, min(PAUSE_SECONDS, deadline - clock())))
    try:
        yield
    finally:
        release(home.lock, taken)


@dataclass(frozen=True)
class Blocker:
    """Another apply; `holder` is None where it has not said who it is (yet)."""

    holder: Holder | None

    def __str__(self) -> str:
        return f"the apply of {self.holder}" if self.holder else "another apply that has just begun"

    def error(self, waited: float) -> LockHeld:
        """What the user sees where the lock could not be had."""
        after = f" It was still at work after {waited:g} seconds." if waited else ""
        who = str(self.holder) if self.holder else "another process that has just begun"
        return LockHeld(
            f"Another apply is at work in this EXTENCI_HOME: {who}.{after} Two at once could do the same "
            "thing twice.",
            "Wait for it to end, or let this command wait: --lock-timeout 10m.",
        )


def take(path: Path, command: str, now: float) -> int | Blocker:
    """Try once: a descriptor that holds the lock, or who holds it."""
    key = Path(os.path.realpath(path))
    with _held_guard:
        if key in _held:
            return Blocker(_held[key])
        me = Holder(os.getpid(), socket.gethostname(), user_name(), now, command)
        taken = lock_file(path, me)
        if isinstance(taken, int):
            _held[key] = me
        return taken


def lock_file(path: Path, me: Holder) -> int | Blocker:
    """Lock the file and write into it who holds it."""
    while True:
        descriptor = open_lock(path)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # EAGAIN, or EACCES on some systems
            holder = read_holder(descriptor)
            os.close(descriptor)
            return Blocker(holder)
        except OSError as error:
            os.close(descriptor)
            raise unusable(path, error) from error
        if is_same_file(descriptor, path):
            write_holder(descriptor, json.dumps(asdict(me)))
            return descriptor
        os.close(descriptor)  # someone deleted the file between opening and locking it


def release(path: Path, descriptor: int) -> None:
    """Let the lock go. The file stays: deleting it would let two processes lock two files."""
    with _held_guard:
        write_holder(descriptor, "")
        os.close(descriptor)
        _held.pop(Path(os.path.realpath(path)), None)


def open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: OSError) -> CatalogError:
    """The lock cannot be had for another reason than a holder."""
    return CatalogError(
        f"The lock {path}, which keeps two applies from working at once, cannot be used: "
        f"{error.strerror or error}.",
        "Make the file and its folder writable for this user; on NFS, see that its lock service runs.",
    )


def write_holder(descriptor: int, text: str) -> None:
    """Say who holds the lock. The message to others is all that is lost where the disk is full."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
    except OSError:
        return


def read_holder(descriptor: int) -> Holder | None:
    """Who the file says holds the lock; None where it says nothing, or names a dead process: its holder
    then has the lock but has not written yet."""
    try:
        content = json.loads(os.pread(descriptor, CONTENT_BYTES, 0))
        holder = Holder(
            pid=int(content["pid"]),
            host=str(content["host"]),
            user=str(content["user"]),
            since=float(content["since"]),
            command=str(content["command"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return holder if may_live(holder) else None


def may_live(holder: Holder) -> bool:
    """Whether a holder may be alive: on another host nothing can be told."""
    if holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def is_same_file(descriptor: int, path: Path) -> bool:
    """Whether the path still leads to the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def user_name() -> str:
    """The user's name, or number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())

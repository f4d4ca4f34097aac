"""One apply at a time of one stack in one home, by a lock that the kernel releases when its holder dies.

filelock locks with flock(2), so threads of one process exclude each other, too. On NFS, Linux makes it a lock
of the whole file at the server. The file says who holds it, and stays when it is released.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from extenci.catalog.files import read_whole
from extenci.catalog.home import Home
from extenci.catalog.process import has_died, user_name
from extenci.model.errors import CatalogError, LockHeld

PAUSE_SECONDS = 0.5
HOLDER_BYTES = 4096
TRIES = 5
TRY_PAUSE_SECONDS = 0.01
"""Several tries, since filelock gives up where someone deletes the file between opening and locking it, and
`is_free` holds the lock for an instant."""


@dataclass(frozen=True)
class Holder:
    """The holder of the lock; `since` is seconds since the epoch."""

    pid: int
    host: str
    user: str
    since: float
    command: str

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.user} on {self.host} (`{self.command}`, process {self.pid}, since {since})"


@contextmanager
def hold(
    home: Home,
    stack: str,
    command: str,
    wait_seconds: float = 0.0,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold a stack's lock in a home while the block runs, and say that `command` does. If another command
    holds it, tell `on_wait` once which one, and wait.

    LockHeld after `wait_seconds`; CatalogError where the file cannot be locked.
    """
    home.make(home.locks_folder)

    def refuse(holder: Holder | None, waited: float) -> LockHeld:
        return held(stack, holder, waited)

    with hold_file(
        home.lock(stack), command, refuse, wait_seconds, clock=clock, sleep=sleep, on_wait=on_wait
    ):
        yield


@contextmanager
def hold_file(
    path: Path,
    command: str,
    refuse: Callable[[Holder | None, float], LockHeld],
    wait_seconds: float = 0.0,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock that a file is while the block runs. After `wait_seconds` raise what `refuse` makes of
    the holder, None where it has not said who it is, and of the seconds waited."""
    lock = FileLock(path, mode=0o600, blocking=False, fallback_to_soft=False)
    deadline = clock() + wait_seconds
    while not take(lock, path):
        holder = read_holder(path)
        if clock() >= deadline:
            raise refuse(holder, wait_seconds)
        if on_wait is not None:
            on_wait(f"Waiting for {f'the command of {holder}' if holder else 'one that has just begun'}.")
            on_wait = None
        sleep(max(0.0, min(PAUSE_SECONDS, deadline - clock())))
    try:
        me = Holder(os.getpid(), socket.gethostname(), user_name(), clock(), command)
        write_holder(path, json.dumps(asdict(me)))
        yield
    finally:
        write_holder(path, "")
        lock.release()


def take(lock: FileLock, path: Path) -> bool:
    """Take the lock if it is free; CatalogError where the file cannot be locked."""
    for _ in range(TRIES):
        try:
            lock.acquire()
        except Timeout:
            time.sleep(TRY_PAUSE_SECONDS)
            continue
        except OSError as error:
            raise unusable(path, error) from error
        return True
    return False


def is_free(home: Home, stack: str) -> bool:
    """Whether nobody holds a stack's lock in a home, so that no run of both is alive. Where that cannot be
    told, it is taken to be held."""
    try:
        with home.lock(stack).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def held(stack: str, holder: Holder | None, waited: float) -> LockHeld:
    """The error of a lock that another command holds; `holder` is None if that has not said who it is."""
    who = str(holder) if holder else "another process that has just begun"
    after = f" It was still at work after {waited:g} seconds." if waited else ""
    return LockHeld(
        f"The stack {stack} is being changed from this EXTENCI_HOME by {who}.{after} Two at once could do "
        "the same thing twice.",
        "Wait for it to end, or let this command wait: --lock-timeout 10m.",
    )


def unusable(path: Path, error: OSError) -> CatalogError:
    """The error of a file that cannot be locked."""
    return CatalogError(
        f"The lock {path}, which keeps two applies from working at once, cannot be used: "
        f"{error.strerror or error}.",
        "Make the file and its folder writable for this user; on NFS, see that its lock service runs.",
    )


def write_holder(path: Path, text: str) -> None:
    """Say who holds the lock. On a full disk, only this message to others is lost."""
    with suppress(OSError):
        path.write_text(text, "utf-8")


def read_holder(path: Path) -> Holder | None:
    """The holder that the file names; None where it names none that there can be, or a dead process: then the
    new holder has not written yet."""
    try:
        content = json.loads(read_whole(path, HOLDER_BYTES))
        holder = Holder(
            pid=int(content["pid"]),
            host=str(content["host"]),
            user=str(content["user"]),
            since=float(content["since"]),
            command=str(content["command"]),
        )
        str(holder)  # which has its time as a date
        is_dead = has_died(holder.pid, holder.host)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return None if is_dead else holder

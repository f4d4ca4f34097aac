"""A cache of files that can be made again: converted and downloaded disks.

A file with its final name is complete. It is written under another name (`….partial`), which is locked
meanwhile, so that one of several processes and threads makes it and the others wait. The kernel releases the
lock when its holder dies. Each use of a file is noted in its access time, by which `extenci gc` finds files
that are no longer used.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from extenci.image.problems import shown
from extenci.model.errors import DiskError, Interrupted

Notify = Callable[[str], None]
"""Gets lines that tell the user how far something is."""

PARTIAL = ".partial"
LOOK_SECONDS = 0.2
NOTIFY_SECONDS = 10.0
RESERVE_BYTES = 256 * 1024**2
"""Free space that is left for others on the file system, or a twentieth of it where it is small."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The kernel's errors when nothing more can be written."""

_guards: dict[Path, threading.Lock] = {}
_guards_guard = threading.Lock()


@dataclass(frozen=True)
class PartialFile:
    """A file that is not complete yet: open for reading and writing, and locked."""

    descriptor: int
    path: Path
    target: Path

    def keep(self) -> None:
        """Give the complete file its name. OSError."""
        os.fsync(self.descriptor)
        self.path.rename(self.target)

    def discard(self) -> None:
        """Remove it even if it is resumable, because its content is wrong."""
        self.path.unlink(missing_ok=True)


@contextmanager
def create_once(target: Path, stop: Event, *, resumable: bool = False) -> Iterator[PartialFile | None]:
    """Create a file of the cache, or None if it exists, at once or after another process or thread has
    created it. A file that was not kept at the end is removed, unless it is `resumable`.

    DiskError if the folder cannot be used; Interrupted once `stop` is set while another one creates it.
    """
    with _one_thread(target, stop):
        partial = _open_partial(target, stop)
        if partial is None:
            yield None
            return
        try:
            yield partial
        finally:
            is_worth_keeping = resumable and os.fstat(partial.descriptor).st_size
            if not is_worth_keeping and _is_same(partial.descriptor, partial.path):
                partial.path.unlink()
            os.close(partial.descriptor)


def note_use(path: Path) -> None:
    """Note that a file is used now. Its other times stay."""
    with suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _open_partial(target: Path, stop: Event) -> PartialFile | None:
    path = target.with_name(target.name + PARTIAL)
    while True:
        if target.exists():
            return None
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            _pause(stop, target)
            continue
        except OSError as error:
            os.close(descriptor)
            raise unusable(target.parent, error) from error
        if _is_same(descriptor, path):
            if not target.exists():
                return PartialFile(descriptor, path, target)
            path.unlink()  # opening just created it anew: another one finished it a moment before
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unusable(path.parent, error) from error


@contextmanager
def _one_thread(target: Path, stop: Event) -> Iterator[None]:
    """One thread of this process at a time: on NFS, locks belong to the process, not to the thread."""
    with _guards_guard:
        guard = _guards.setdefault(target, threading.Lock())
    while not guard.acquire(timeout=LOOK_SECONDS):
        if stop.is_set():
            raise _stopped(target)
    try:
        yield
    finally:
        guard.release()


def _pause(stop: Event, target: Path) -> None:
    if stop.wait(LOOK_SECONDS):
        raise _stopped(target)


def _stopped(target: Path) -> Interrupted:
    return Interrupted(f"Waiting for another run to finish {shown(target)} was stopped.")


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


class WriteMonitor:
    """Monitors a file of the cache while it is written: free space, `stop`, and progress.

    `activity` (`Converting …`) begins the texts. Every ten seconds `notify` gets how much has been written,
    and of how many bytes if `total` is set.
    """

    def __init__(self, folder: Path, activity: str, stop: Event, notify: Notify = lambda _text: None) -> None:
        self.folder = folder
        self.activity = activity
        self.stop = stop
        self.total: int | None = None
        self._notify = notify
        self._checked = self._notified = time.monotonic()

    def check(self, descriptor: int) -> None:
        """Check, unless that was done a moment ago. DiskError if there is too little space; Interrupted."""
        if self.stop.is_set():
            raise Interrupted(f"{self.activity} was stopped.")
        now = time.monotonic()
        if now - self._checked < LOOK_SECONDS:
            return
        self._checked = now
        self.require_space()
        if now - self._notified >= NOTIFY_SECONDS:
            self._notified = now
            mib = os.fstat(descriptor).st_blocks * 512 // 1024**2
            total = f" of {self.total // 1024**2:,}" if self.total else ""
            self._notify(f"{self.activity}: {mib:,}{total} MiB so far")

    def require_space(self, more: int = 0) -> None:
        """DiskError if `more` bytes would leave too little space for others."""
        try:
            state = os.statvfs(self.folder)
        except OSError as error:
            raise unusable(self.folder, error) from error
        reserve = min(RESERVE_BYTES, state.f_blocks * state.f_frsize // 20)
        if state.f_bavail * state.f_frsize < reserve + more:
            raise self.no_space()

    def no_space(self) -> DiskError:
        """The error for a folder that is full."""
        return DiskError(
            f"{self.activity} was given up: too little space is free in {shown(self.folder)}.",
            "Free some space (`extenci gc` removes files that were not used for long), or set EXTENCI_HOME "
            "to a folder on a larger file system.",
        )


@contextmanager
def write_errors(monitor: WriteMonitor) -> Iterator[None]:
    """Translate errors of writing to a file of the cache into DiskError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise monitor.no_space() from error
        raise unusable(monitor.folder, error) from error


def unusable(folder: Path, error: OSError) -> DiskError:
    """The error for a folder that cannot be written to."""
    return DiskError(
        f"The folder {shown(folder)}, where converted and downloaded disks are kept, cannot be used: "
        f"{error.strerror or error}.",
        "Make it writable for this user, or set EXTENCI_HOME to a folder that is.",
    )

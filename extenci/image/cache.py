"""A folder of files that can be made again: converted and downloaded disks.

What has its name there is complete: a file is written under another name (`….partial`), which is locked
meanwhile, so that of several processes and threads one makes it and the others wait for it. The kernel lets
the lock go when its holder dies. Each use of a file is noted in its access time, by which `extenci gc` tells
what nobody needs any more.
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

PARTIAL = ".partial"
LOOK_SECONDS = 0.2
TELL_SECONDS = 10.0
RESERVE_BYTES = 256 * 1024**2
"""Free space that is left for others on the file system, or a twentieth of it where it is small."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the kernel says where nothing more can be written."""

_guards: dict[Path, threading.Lock] = {}
_guards_guard = threading.Lock()


@dataclass(frozen=True)
class PartialFile:
    """A file in the making: open for reading and writing, and locked."""

    descriptor: int
    path: Path
    target: Path

    def keep(self) -> None:
        """Give it its name: it is complete. OSError."""
        os.fsync(self.descriptor)
        self.path.rename(self.target)

    def discard(self) -> None:
        """Remove it, although it could be gone on with: it is wrong."""
        self.path.unlink(missing_ok=True)


@contextmanager
def create_once(target: Path, stop: Event, *, resumable: bool = False) -> Iterator[PartialFile | None]:
    """Make a file of the cache, unless it is there: then None, at once or once another process or thread has
    made it. What is not kept at the end is removed, but where it is `resumable`.

    DiskError where the folder cannot be used; Interrupted once `stop` is set while another one makes it.
    """
    with _alone(target, stop):
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
    """Note that a file was used now. Its other times stay."""
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
            path.unlink()  # another one finished it just before this one was opened, and made by that
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unusable(path.parent, error) from error


@contextmanager
def _alone(target: Path, stop: Event) -> Iterator[None]:
    """One thread of this process at a time: on NFS, locks are the process's and not the thread's."""
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
    return Interrupted(f"Waiting for {shown(target)}, which another run makes, was stopped.")


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


class WriteMonitor:
    """Looks after a file of the cache while it is written: that there is room, and that it is not to stop.

    `what` is told every ten seconds with how much is there, and of how many bytes where `total` is set; it
    begins like `Converting …`.
    """

    def __init__(
        self, folder: Path, what: str, stop: Event, tell: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.folder = folder
        self.what = what
        self.stop = stop
        self.total: int | None = None
        self._tell = tell
        self._looked = self._told = time.monotonic()

    def check(self, descriptor: int) -> None:
        """Look, unless that was done a moment ago. DiskError where there is no more room; Interrupted."""
        if self.stop.is_set():
            raise Interrupted(f"{self.what} was stopped.")
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        self.require_space()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            mib = os.fstat(descriptor).st_blocks * 512 // 1024**2
            total = f" of {self.total // 1024**2:,}" if self.total else ""
            self._tell(f"{self.what}: {mib:,}{total} MiB so far")

    def require_space(self, more: int = 0) -> None:
        """DiskError where `more` bytes would leave too little for others."""
        try:
            state = os.statvfs(self.folder)
        except OSError as error:
            raise unusable(self.folder, error) from error
        reserve = min(RESERVE_BYTES, state.f_blocks * state.f_frsize // 20)
        if state.f_bavail * state.f_frsize < reserve + more:
            raise self.no_space()

    def no_space(self) -> DiskError:
        """The error of a folder that is full."""
        return DiskError(
            f"{self.what} was given up: there is too little room in {shown(self.folder)}.",
            "Make room there (`extenci gc` removes what was not used for long), or set EXTENCI_HOME to a "
            "folder on a larger file system.",
        )


@contextmanager
def write_errors(monitor: WriteMonitor) -> Iterator[None]:
    """What goes wrong in writing to a file of the cache, as DiskError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise monitor.no_space() from error
        raise unusable(monitor.folder, error) from error


def unusable(folder: Path, error: OSError) -> DiskError:
    """The folder cannot be written to."""
    return DiskError(
        f"The folder {shown(folder)}, where converted and downloaded disks are kept, cannot be used: "
        f"{error.strerror or error}.",
        "Make it writable for this user, or set EXTENCI_HOME to a folder that is.",
    )

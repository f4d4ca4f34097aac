"""Programs that convert disks: started so that they end with us, and cannot do more than their work."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from extenci.image.problems import shown
from extenci.model.errors import DiskError

SEARCHED_TOO = "/usr/local/bin:/usr/bin:/bin"
PIPE_BYTES = 1 << 20
MOST_MEMORY = 8 * 1024**3
"""Address space in bytes: no sound disk needs a tenth of it, but a hostile one may ask for all there is."""
MOST_SAID = 8 * 1024**2
"""Bytes that a program may say of errors: room for what `qemu-img check` says of 10 GiB that an image lost.
It has a line for each bad entry, of which a few hundred bytes, packed, make any number."""
_SAID_BYTES = 4096
_SAID_CHARACTERS = 300


class RunningProgram:
    """A program at work. It is killed where the block ends before it does."""

    def __init__(self, process: subprocess.Popen[bytes], said: int) -> None:
        self.process = process
        self._said = said

    @property
    def says_too_much(self) -> bool:
        """Whether it said more than any program should."""
        return self._length() > MOST_SAID

    def wait(self, seconds: float) -> int | None:
        """Its exit status (negative: the signal that ended it), or None where it is still at work then. It
        is ended where it says too much."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            if not self.says_too_much:
                return None
            self.process.kill()
            return self.process.wait()

    def said(self) -> str:
        """The last line of what it said of an error, fit for a message."""
        size = self._length()
        text = os.pread(self._said, min(size, _SAID_BYTES), max(0, size - _SAID_BYTES)).decode(
            errors="replace"
        )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        line = lines[-1] if lines else ""
        return "".join(c if c.isprintable() else "?" for c in line)[:_SAID_CHARACTERS]

    def _length(self) -> int:
        """The file is as long as it may be from the start; its position, which both have, tells."""
        return os.lseek(self._said, 0, os.SEEK_CUR)


def find_program(name: str, package: str, path: Path | str) -> str:
    """Where a program is. DiskError with the package to install, where the disk at `path` needs it."""
    # An empty or relative element means the working folder, which may have come with the disk.
    folders = [one for one in os.environ.get("PATH", "").split(":") if one.startswith("/")]
    found = shutil.which(name, path=":".join([*folders, SEARCHED_TOO]))
    if found is None:
        raise DiskError(
            f"The disk {shown(path)} cannot be read without {name}, which is not installed.",
            f"Install the package {package}.",
        )
    return found


@contextmanager
def run_program(
    command: Sequence[str],
    *,
    stdin: int | None = None,
    descriptors: Sequence[int] = (),
    piped: bool = False,
    memory: int = MOST_MEMORY,
) -> Iterator[RunningProgram]:
    """Run a program with its input from `stdin`; with `piped` its output is to be read from a pipe. It gets
    `memory` bytes of address space.

    It has no part in the terminal's Ctrl-C, since its caller ends it, and it dies with this process or
    thread, where `setpriv` (util-linux) is there to arrange that.
    """
    guard = shutil.which("setpriv", path=SEARCHED_TOO)
    prefix = [guard, "--pdeathsig", "KILL", "--no-new-privs", "--"] if guard else []
    said = _bounded_file()
    try:
        process = subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE if piped else subprocess.DEVNULL,
            stderr=said,
            pass_fds=descriptors,
            env={"PATH": os.environ.get("PATH", SEARCHED_TOO), "LC_ALL": "C"},
            start_new_session=True,
        )
        try:
            _limit(process.pid, memory)
            if process.stdout is not None:
                with suppress(OSError):  # a user may have too many pipes for large ones
                    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            yield RunningProgram(process, said)
        finally:
            _end(process)
    finally:
        os.close(said)


def _bounded_file() -> int:
    """A file in memory that the kernel lets nobody make longer (memfd_create(2), fcntl(2))."""
    said = os.memfd_create("said", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with suppress(OSError):  # where files may not be that long (RLIMIT_FSIZE), that is its bound
        os.ftruncate(said, MOST_SAID + _SAID_BYTES)
        fcntl.fcntl(said, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    return said


def _limit(pid: int, memory: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = memory if hard == resource.RLIM_INFINITY else min(hard, memory)
    with suppress(ProcessLookupError):  # it is over already
        resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()

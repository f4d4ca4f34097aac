"""Runs programs that convert disks, so that they end with this process and have only the rights they need."""

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
"""Address space in bytes. No sound disk needs a tenth of it, but a hostile one may make a program take
all."""
MOST_STDERR_BYTES = 8 * 1024**2
"""Bytes that a program may print to stderr: enough for `qemu-img check` on an image that lost 10 GiB. It
prints a line for each bad entry, and a few hundred compressed bytes can hold any number of those."""
_ERROR_BYTES = 4096
_ERROR_CHARACTERS = 300


class RunningProgram:
    """A program that was started by `run_program`."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: int) -> None:
        self.process = process
        self._stderr = stderr

    @property
    def says_too_much(self) -> bool:
        """Whether it printed more to stderr than any program should."""
        return self._length() > MOST_STDERR_BYTES

    def wait(self, seconds: float) -> int | None:
        """Its exit status (negative: the signal that ended it), or None if it is still running after so many
        seconds. It is killed if it prints too much."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            if not self.says_too_much:
                return None
            self.process.kill()
            return self.process.wait()

    def last_error(self) -> str:
        """The last line that it printed to stderr, fit for a message."""
        size = self._length()
        text = os.pread(self._stderr, min(size, _ERROR_BYTES), max(0, size - _ERROR_BYTES)).decode(
            errors="replace"
        )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        line = lines[-1] if lines else ""
        return "".join(c if c.isprintable() else "?" for c in line)[:_ERROR_CHARACTERS]

    def _length(self) -> int:
        """The file has its full length from the start; its position, shared with the program, tells."""
        return os.lseek(self._stderr, 0, os.SEEK_CUR)


def find_program(name: str, package: str, path: Path | str) -> str:
    """The path of a program that the disk at `path` needs. DiskError, naming its package, if it is
    missing."""
    # An empty or relative element means the working folder, which may contain files that came with the disk.
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
    """Run a program while the context lasts, with its input from `stdin`, `memory` bytes of address space,
    and with `piped` its output in a pipe.

    Threads share two arenas of malloc, since each takes 64 MiB of address space (mallopt(3)): else qemu-img
    sometimes had none left for a thread.

    The terminal's Ctrl-C does not reach it; leaving the context kills it. It also dies with this process or
    thread if `setpriv` (util-linux) is installed.
    """
    guard = shutil.which("setpriv", path=SEARCHED_TOO)
    prefix = [guard, "--pdeathsig", "KILL", "--no-new-privs", "--"] if guard else []
    stderr = _bounded_file()
    try:
        process = subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE if piped else subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=descriptors,
            env={"PATH": os.environ.get("PATH", SEARCHED_TOO), "LC_ALL": "C", "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
        try:
            _limit(process.pid, memory)
            if process.stdout is not None:
                with suppress(OSError):  # the user's pipes may have reached their limit (pipe(7))
                    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            yield RunningProgram(process, stderr)
        finally:
            _end(process)
    finally:
        os.close(stderr)


def _bounded_file() -> int:
    """A file in memory that the kernel does not let grow (memfd_create(2), fcntl(2))."""
    file = os.memfd_create("stderr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with suppress(OSError):  # if RLIMIT_FSIZE is lower, that is the bound
        os.ftruncate(file, MOST_STDERR_BYTES + _ERROR_BYTES)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    return file


def _limit(pid: int, memory: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = memory if hard == resource.RLIM_INFINITY else min(hard, memory)
    with suppress(ProcessLookupError):  # it has ended already
        resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()

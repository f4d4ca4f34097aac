"""Programs on this machine: started without a shell, with their output in a file, and ended in time together
with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from extenci.verify.attempt import AttemptResult
from extenci.verify.group_guard import GroupGuard
from extenci.verify.halt import Halt

MOST_OUTPUT = 64 << 20
"""Bytes of output after which a program is ended, so that none fills a disk."""

LONGEST_EXCERPT = 4000
STEP = 0.05


class Cutoff(Enum):
    """Why a program was ended early."""

    TIME = "it did not end in time"
    HALT = "the checks were stopped"
    SIZE = "it printed too much"


@dataclass(frozen=True)
class ProgramEnd:
    """How a program ended. `status` is its exit status, negative for a signal; `cutoff` says why it was ended
    early, `fault` why it could not be started; `output` is the last MiB of its output."""

    status: int | None
    cutoff: Cutoff | None = None
    fault: str = ""
    output: str = ""


def run_program(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: BinaryIO,
    halt: Halt,
    seconds: float,
    most: int = MOST_OUTPUT,
    given: BinaryIO | None = None,
) -> ProgramEnd:
    """Run a program in `folder` for at most `seconds`, and append its output, at most `most` bytes, to `log`.
    Its standard input is `given`, None for nothing. Whatever it left in its process group ends with it, or
    with this process."""
    begin = os.fstat(log.fileno()).st_size
    try:
        process, guard = _start(command, folder, environment, log, given)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return ProgramEnd(None, fault=reason or "its name or an argument has a forbidden character")
    try:
        cutoff = _wait(process.pid, log, begin + most, halt, time.monotonic() + seconds)
    finally:
        _end_group(process, guard)
    return ProgramEnd(process.returncode if cutoff is None else None, cutoff, output=_read(log, begin, most))


def _start(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    log: BinaryIO,
    given: BinaryIO | None,
) -> tuple[subprocess.Popen[bytes], GroupGuard]:
    guard = GroupGuard()
    try:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except BaseException:
        guard.close()
        raise
    guard.guard(process.pid)
    return process, guard


def _wait(pid: int, log: BinaryIO, most: int, halt: Halt, end: float) -> Cutoff | None:
    """Wait without reaping the process, so that its group's number cannot go to another process."""
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if halt.is_set:
            return Cutoff.HALT
        if time.monotonic() >= end:
            return Cutoff.TIME
        if os.fstat(log.fileno()).st_size > most:
            return Cutoff.SIZE
        time.sleep(STEP)
    return None


def _end_group(process: subprocess.Popen[bytes], guard: GroupGuard) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    guard.close()
    process.wait()


def _read(log: BinaryIO, begin: int, most: int) -> str:
    size = min(os.fstat(log.fileno()).st_size - begin, most)
    length = min(size, 1 << 20)
    return os.pread(log.fileno(), length, begin + size - length).decode("utf-8", "replace")


def excerpt(text: str) -> str:
    """The end of a text. Where it is cut, it begins with a whole line."""
    if len(text) <= LONGEST_EXCERPT:
        return text.strip("\n")
    end = text[-LONGEST_EXCERPT:]
    return "…\n" + end[end.find("\n") + 1 :].strip("\n")


def last_line(text: str) -> str:
    """The last line that is not empty, or ''."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def judge_program(name: str, end: ProgramEnd, seconds: float) -> AttemptResult:
    """The result of a check that passes if its program ends with 0. `seconds` is how long it was allowed."""
    output = excerpt(end.output)
    if end.fault:
        return AttemptResult(False, f"{name} cannot be started: {end.fault}", final=True, unable=True)
    if end.cutoff is Cutoff.TIME:
        return AttemptResult(False, f"{name} did not end within {seconds:.0f} s", output)
    if end.cutoff is not None:
        text = f"{name} was ended: {end.cutoff.value}"
        return AttemptResult(False, text, output, final=end.cutoff is Cutoff.SIZE)
    if end.status == 0:
        return AttemptResult(True, f"{name} succeeded", output)
    how = f"exit status {end.status}" if (end.status or 0) > 0 else f"signal {-(end.status or 0)}"
    said = last_line(end.output)
    return AttemptResult(False, f"{name} failed with {how}{': ' + said if said else ''}", output)

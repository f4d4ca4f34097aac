"""Reads inputs in a process of its own, so that one that kills, hangs or fills memory ends nothing else."""

from __future__ import annotations

import mmap
import os
import pickle
import re
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.fuzz.large import LARGE
from tests.fuzz.mutation import Mutator
from tests.fuzz.reader import MOST_BYTES, MOST_SECONDS, Broken, Reader, read_safely

HANG_SECONDS = 40.0
"""How long an input may take by the clock, which other programs slow down."""
MOST_LARGE_SECONDS = 10.0
KEPT_BYTES = 1 << 16
"""Of the input of a finding."""
_LARGE = "large:"
_ADDRESS_SPACE = 2 * 1024**3
_LOOK_SECONDS = 0.05
_MEMORY = "/dev/shm"  # noqa: S108 - a folder with a random name is made in it


@dataclass(frozen=True)
class Finding:
    """An input that broke a promise. `seed` makes it again as long as the corpus is the same."""

    reader: str
    seed: str
    text: str
    data: bytes
    trace: str = ""

    @property
    def kind(self) -> str:
        """What findings of one origin have in common."""
        places = re.findall(r'File ".*?/(extenci/\S+)", line (\d+)', self.trace.partition("\nThe above")[0])
        return f"{self.text.split(':')[0]} {places[-1] if places else ''}"


@dataclass(frozen=True)
class Result:
    """The outcome of some inputs: how many there were, the slowest (seconds of the processor), and the most
    memory that the process had (bytes)."""

    inputs: int
    slowest: float
    largest: int
    findings: tuple[Finding, ...]


def run(reader: Reader, mutator: Mutator, seeds: Sequence[str]) -> Result:
    """Read the inputs of some seeds: see `data_of`."""
    done, slowest, largest = 0, 0.0, 0
    findings: list[Finding] = []
    while done < len(seeds):
        rest = seeds[done:]
        part, how = _run_child(partial(_read_all, reader, mutator, rest))
        slowest = max(slowest, part.slowest)
        largest = max(largest, part.largest)
        findings += part.findings
        done += part.inputs
        if how and done < len(seeds):
            seed = seeds[done]
            findings.append(Finding(reader.name, seed, how, data_of(reader.name, mutator, seed)[:KEPT_BYTES]))
            done += 1
    return Result(done, slowest, largest, tuple(findings))


def data_of(reader: str, mutator: Mutator, seed: str) -> bytes:
    """The input of a seed; `=HEX` is the input itself, and `large:N` one of the reader's large ones."""
    if seed.startswith(_LARGE):
        return LARGE[reader][int(seed.removeprefix(_LARGE))]()
    return bytes.fromhex(seed[1:]) if seed.startswith("=") else mutator.input(seed)


def large_seeds(reader: str) -> list[str]:
    """The seeds of a reader's large inputs."""
    return [f"{_LARGE}{number}" for number in range(len(LARGE.get(reader, ())))]


def _run_child(work: Callable[[Callable[[Result], None]], None]) -> tuple[Result, str]:
    """The results of a child, and how it came to its end if that was not its own wish."""
    state = mmap.mmap(-1, 1 << 20)
    child = os.fork()
    if not child:
        status = 1
        try:
            _limit()
            work(lambda result: _write(state, result))
            status = 0
        except BaseException:  # noqa: BLE001 - of a process that ends here
            traceback.print_exc()
        finally:
            os._exit(status)
    last, since = b"", time.monotonic()
    how = ""
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            break
        if state[:8] != last:
            last, since = state[:8], time.monotonic()
        if time.monotonic() - since > HANG_SECONDS:
            os.kill(child, signal.SIGKILL)
            how = f"hangs: more than {HANG_SECONDS:.0f} s"
            os.waitpid(child, 0)
            break
        time.sleep(_LOOK_SECONDS)
    if not how and status:
        how = f"the process ended with status {status}"
    size = int.from_bytes(state[8:16])
    result: Result = pickle.loads(state[16 : 16 + size]) if size else Result(0, 0.0, 0, ())  # noqa: S301
    state.close()
    return result, how


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))
    with suppress(OSError):
        os.setsid()


def _write(state: mmap.mmap, result: Result) -> None:
    data = pickle.dumps(result)[: len(state) - 16]
    state[16 : 16 + len(data)] = data
    state[8:16] = len(data).to_bytes(8)
    state[:8] = (result.inputs + 1).to_bytes(8)


def _read_all(reader: Reader, mutator: Mutator, seeds: Sequence[str], send: Callable[[Result], None]) -> None:
    inputs, slowest = 0, 0.0
    findings: list[Finding] = []
    with _folder() as folder, reader.open(folder) as read:
        send(Result(0, 0.0, peak(), ()))
        for seed in seeds:
            data = data_of(reader.name, mutator, seed)
            began = _seconds()
            text, trace = "", ""
            try:
                read_safely(reader, read, data)
            except Broken as broken:
                text, trace = str(broken), traceback.format_exc()[-4000:]
            seconds = _seconds() - began
            if not text and seconds > (MOST_LARGE_SECONDS if seed.startswith(_LARGE) else MOST_SECONDS):
                text = f"slow: {seconds:.1f} s"
            largest = peak()
            if not text and largest > MOST_BYTES:
                text = f"large: {largest >> 20} MiB"
            if text:
                findings.append(Finding(reader.name, seed, text, data[:KEPT_BYTES], trace))
            inputs, slowest = inputs + 1, max(slowest, seconds)
            send(Result(inputs, slowest, largest, tuple(findings)))
            if largest > MOST_BYTES or len(findings) > 8:
                return  # and go on in a new process


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory, where there is such a file system."""
    where = _MEMORY if Path(_MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="extenci-fuzz-", dir=where) as made:
        yield Path(os.path.realpath(made))


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def chunks(seeds: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Seeds in pieces, each of which is read by a new process."""
    return (seeds[start : start + size] for start in range(0, len(seeds), size))

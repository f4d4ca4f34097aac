"""Many tries: workers with a bench each, which draw cases until time is up."""

from __future__ import annotations

import fnmatch
import random
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.condor_pool.installation import HTCondorMissing, find_installation
from tests.condor_pool.pool import Pool, start_pool
from tests.faults.attempt import Attempt
from tests.faults.bench.bench import Bench, open_bench
from tests.faults.case import CONDOR, Case
from tests.faults.report import Kind, Report
from tests.faults.scenarios.all import CASES

Try = tuple[Case, int]
"""A case and its seed: all that a try depends on, but for the time that things take."""


def choose(patterns: Sequence[str], *, without: Sequence[str] = ()) -> list[Case]:
    """The cases whose names match a pattern, and none of `without`."""
    return [
        case
        for name, case in CASES.items()
        if any(_matches(name, one) for one in patterns or ("*",))
        and not any(_matches(name, one) for one in without)
    ]


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name.partition("/")[0], pattern)


def draw(cases: Sequence[Case], seed: int) -> Iterator[Try]:
    """Tries without end: every case once, in an order that is the seed's, then again with other seeds."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    while True:
        for case in rng.sample(cases, len(cases)):
            yield case, rng.randrange(1, 1_000_000_000)


def read_try(text: str) -> Try:
    """The try that CASE:SEED names. ValueError."""
    name, _, seed = text.rpartition(":")
    if name not in CASES or not seed.isdecimal():
        raise ValueError(f"{text!r} is no try; they look like create/ebs/ec2/kill:4711.")
    return CASES[name], int(seed)


class Laboratory:
    """Workers that make tries. `tell` hears of each as it ends."""

    def __init__(self, tries: Iterator[Try], jobs: int, tell: Callable[[Report], None]) -> None:
        self.stopped = threading.Event()
        self.reports: list[Report] = []
        self._tries, self._jobs, self._tell = tries, jobs, tell
        self._drawing = threading.Lock()
        self._least, self._until = 0, 0.0

    def run(self, seconds: float, pool: Pool | None, *, least: int = 0) -> list[Report]:
        """Makes tries until time is up, but at `least` so many, or until there are no more. A try that has
        begun is finished."""
        self._least, self._until = least, time.monotonic() + seconds
        with ThreadPoolExecutor(self._jobs) as workers:
            work = [workers.submit(self._work, pool) for _ in range(self._jobs)]
            for one in work:
                one.result()
        return self.reports

    def _work(self, pool: Pool | None) -> None:
        with tempfile.TemporaryDirectory(prefix="extenci-faults-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with open_bench(folder, pool) as bench:
                while drawn := self._draw():
                    report = make_try(bench, *drawn, folder / "try")
                    self.reports.append(report)
                    self._tell(report)

    def _draw(self) -> Try | None:
        with self._drawing:
            self._least -= 1
            is_late = self._least < 0 and time.monotonic() >= self._until
            return None if is_late or self.stopped.is_set() else next(self._tries, None)


def make_try(bench: Bench, case: Case, seed: int, folder: Path) -> Report:
    """One try. What goes wrong in the laboratory itself is told as a finding, too."""
    attempt = Attempt(bench, case, seed, folder)
    try:
        return attempt.go()
    except Exception:  # noqa: BLE001 - the other tries go on
        attempt.report.find(Kind.UNDONE, f"the laboratory failed: {traceback.format_exc()[-1500:]}")
        return attempt.report
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def pool_for(cases: Sequence[Case]) -> Iterator[Pool | None]:
    """An HTCondor, where a case needs one. HTCondorMissing where none can be had."""
    if all(case.launch != CONDOR for case in cases):
        yield None
        return
    pool = start_pool(find_installation())
    try:
        yield pool
    finally:
        pool.stop()


def without_condor(cases: Sequence[Case]) -> list[Case]:
    """The cases that need no HTCondor."""
    return [case for case in cases if case.launch != CONDOR]


__all__ = [
    "HTCondorMissing",
    "Laboratory",
    "Try",
    "choose",
    "draw",
    "make_try",
    "pool_for",
    "read_try",
    "without_condor",
]

"""Measures how long `extenci --help` and `extenci validate specs` take: python tests/bench/startup.py

The medians of whole processes are printed beside that of a Python process that does nothing.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXTENCI = str(Path(sys.executable).with_name("extenci"))
RUNS = 10


@dataclass(frozen=True)
class Job:
    """A command, and the most seconds that it should take; None if there is no limit."""

    name: str
    command: tuple[str, ...]
    limit: float | None = None


JOBS = (
    Job("python -c pass", (sys.executable, "-c", "pass")),
    Job("extenci --help", (EXTENCI, "--help"), 0.15),
    Job("extenci validate specs", (EXTENCI, "validate", "specs"), 0.30),
)


def seconds(job: Job) -> float:
    """The wall-clock seconds of one run. CalledProcessError if it fails."""
    begin = time.perf_counter()
    subprocess.run(job.command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin


def medians() -> list[float]:
    """The median seconds of each job. The jobs take turns, so that a busy moment affects all alike."""
    for job in JOBS:
        seconds(job)
    rounds = [[seconds(job) for job in JOBS] for _ in range(RUNS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def table(measured: list[float]) -> str:
    """One line for each job: its median, the ratio to the bare Python's, and the limit."""
    lines = [f"{'command':<24}{'median s':>10}{'ratio':>8}{'limit s':>9}"]
    for job, median in zip(JOBS, measured, strict=True):
        limit = "-" if job.limit is None else f"{job.limit:.2f}"
        lines.append(f"{job.name:<24}{median:>10.3f}{median / measured[0]:>8.1f}{limit:>9}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(medians()))

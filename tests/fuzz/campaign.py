"""Many inputs for many readers, some processes at a time, and what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.fuzz.corpus import read_corpus
from tests.fuzz.mutation import Mutator
from tests.fuzz.reader import Reader
from tests.fuzz.worker import Finding, Result, chunks, large_seeds, run

CHUNK = 400
"""Inputs that one process reads."""


@dataclass(frozen=True)
class Row:
    """The outcome for one reader."""

    reader: str
    inputs: int
    slowest: float
    largest: int
    findings: tuple[Finding, ...]


def seeds_of(reader: str, inputs: int, seed: int) -> list[str]:
    """The corpus itself, and after it so many new inputs."""
    own = ["=" + data.hex() for data in read_corpus(reader)]
    return own + [f"{seed}/{reader}/{number}" for number in range(inputs)]


def fuzz(
    readers: Sequence[Reader],
    inputs: int,
    seed: int,
    jobs: int,
    *,
    with_large: bool = True,
    tell: Callable[[str], object] = sys.stderr.write,
) -> list[Row]:
    """Read `inputs` inputs in all, as many of each reader, beside the corpora."""
    each = -(-inputs // len(readers)) if inputs else 0
    began = time.monotonic()
    work = [
        (reader, Mutator(read_corpus(reader.name), reader.tokens), part)
        for reader in readers
        for part in (
            *chunks(seeds_of(reader.name, each, seed), CHUNK),
            *chunks(large_seeds(reader.name) if with_large else [], 1),
        )
    ]
    rows = {reader.name: Row(reader.name, 0, 0.0, 0, ()) for reader in readers}
    # Threads only wait for the processes, which they fork: nothing else is under way in them.
    with ThreadPoolExecutor(jobs) as pool:
        for (reader, _, _), result in zip(work, pool.map(lambda one: run(*one), work), strict=True):
            row = rows[reader.name] = _added(rows[reader.name], result)
            new = f", {len(row.findings)} findings" if row.findings else ""
            tell(f"{time.monotonic() - began:6.0f} s {reader.name}: {row.inputs} inputs{new}\n")
    return list(rows.values())


def _added(row: Row, result: Result) -> Row:
    return Row(
        row.reader,
        row.inputs + result.inputs,
        max(row.slowest, result.slowest),
        max(row.largest, result.largest),
        (*row.findings, *result.findings),
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, the sum last."""
    lines = ["| reader | inputs | findings | slowest, s | largest, MiB |", "|---|---:|---:|---:|---:|"]
    whole = Row(
        "all",
        sum(row.inputs for row in rows),
        max(row.slowest for row in rows),
        max(row.largest for row in rows),
        tuple(one for row in rows for one in row.findings),
    )
    lines += [
        f"| {row.reader} | {row.inputs:,} | {len(row.findings)} | {row.slowest:.2f} | {row.largest >> 20} |"
        for row in (*rows, whole)
    ]
    return "\n".join(lines) + "\n"

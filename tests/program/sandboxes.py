"""Sandboxes whose servers are forked from a process that has loaded moto: that takes most of their start."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from extenci.sandbox import process
from tests.program.forked import Forked, Forks


def fork_sandboxes(forks: Forks) -> None:
    """From now on, in this process."""

    def run(command: Sequence[str], *, check: bool, **options: Any) -> None:
        with Forked(forks, command[2:], **options) as starting:  # without `python -m`
            starting.wait()

    _have_started_by(SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL))


@contextmanager
def as_people_start_them() -> Iterator[None]:
    """Within this, the sandboxes of this process start Python and load moto, each for itself."""
    before = process.subprocess  # type: ignore[attr-defined]
    _have_started_by(subprocess)
    try:
        yield
    finally:
        _have_started_by(before)


def _have_started_by(starter: Any) -> None:
    process.subprocess = starter  # type: ignore[attr-defined]

"""The programs that this machine lacks to read the disks that the specs name."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.image.conversion import require_program
from extenci.image.raw import open_file
from extenci.model.desired import Desired
from extenci.model.errors import DiskError
from extenci.model.finding import MACHINE, Finding, Level
from extenci.model.version import is_url


def check_programs(desired: Desired) -> Iterator[Finding]:
    """A finding for each missing program that a disk at a path needs. Planning reports other problems of
    disks; nothing is known yet of those to be downloaded."""
    told: set[str] = set()
    for source in sorted({spec.source for spec in desired.images if not is_url(spec.source)}):
        lacking = lacking_for(source)
        if lacking is not None and lacking.hint not in told:
            told.add(lacking.hint)
            yield Finding(MACHINE, Level.PROBLEM, lacking.message, lacking.hint)


def lacking_for(source: str) -> DiskError | None:
    """The error that a source needs a program which is missing; None where it needs none."""
    try:
        with open_file(source) as (_, found):
            pass
    except DiskError:
        return None
    try:
        if found is not None:
            require_program(source, found)
    except DiskError as lacking:
        return lacking
    return None

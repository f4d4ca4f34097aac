"""A bounded part of the laboratory: known defects, the same tries each time, and new ones each time."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.faults.known import KNOWN
from tests.faults.laboratory import (
    HTCondorMissing,
    Laboratory,
    Try,
    choose,
    draw,
    pool_for,
    read_try,
    without_condor,
)
from tests.faults.report import Report
from tests.faults.table import render

SECONDS = 60.0
"""How long tries are begun. Those that are made each time are made however long that takes."""
ALWAYS = (
    "create/ebs/ec2/kill:1",
    "create/bundle/ec2/kill+fail:2",
    "renew/import/ec2/kill:3",
    "test-vm-yes/ebs/ec2/fail:4",
    "stage/bundle/ec2/interrupt:5",
    "destroy/ebs/ec2/kill:6",
)
"""Of every kind of command and fault some."""
NEW = 2
"""How many new tries are made at least."""
JOBS = 3
"""Tries at a time: most of their time they wait."""
TIMES = 3
"""How often a known defect is given to show itself: how long things take is not the seed's."""
BY_CONDOR = ("create/ebs/condor/kill:5",)
SEED = "EXTENCI_FAULTS_SEED"
"""The seed of the new tries: of `tests/conftest.py`, or as a run that failed has told it."""
IN_CI = "EXTENCI_CI"
"""Set by `.ci/run`: there, an HTCondor that cannot be had is a failure."""


def test_promises_are_kept_but_for_the_known_defects() -> None:
    seed = int(os.environ[SEED])
    try:
        reports = run([read_try(one) for one in (*BY_CONDOR, *ALWAYS)], seed, new=NEW)
    except HTCondorMissing as missing:
        if os.environ.get(IN_CI):
            pytest.fail(f"{missing}, and {IN_CI} is set", pytrace=False)
        reports = run([read_try(one) for one in ALWAYS], seed, new=NEW)
    broken = [one for one in reports if one.findings]
    if broken:
        again = f"{SEED}={seed} repeats the new tries."
        pytest.fail("\n".join([render(reports), again, *map(str, broken)]), pytrace=False)


def test_known_defects_are_still_there() -> None:
    left = {one.shown_by: one for one in KNOWN if one.shown_by}
    for _ in range(TIMES):
        for report in run([read_try(one) for one in left], 0):
            if left[report.name].kind in report.kinds:
                del left[report.name]
    if left:
        lines = [f"{name} is mended ({one.reason}): take it out of known.py." for name, one in left.items()]
        pytest.fail("\n".join(lines), pytrace=False)


def run(always: list[Try], seed: int, *, new: int = 0) -> list[Report]:
    """Tries, some at a time: all that are made each time, and, while there is time, new ones of cases that no
    known defect strikes; at least `new`."""
    cases = without_condor(choose((), without=[one.cases for one in KNOWN]))
    with pool_for([case for case, _ in always]) as pool:
        tries = itertools.chain(always, draw(cases, seed) if new else ())
        return Laboratory(tries, JOBS, print).run(SECONDS, pool, least=len(always) + new)

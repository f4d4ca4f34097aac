"""A bounded part of the laboratory: the same tries each time, new ones each time, and known defects."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from tests.faults.known import KNOWN, Known
from tests.faults.laboratory import Laboratory, Try, choose, draw, read_try, without_condor
from tests.faults.report import Report
from tests.faults.table import render

SECONDS = 30.0
"""How long new tries are begun."""
ALWAYS = (
    "create/ebs/ec2/kill:1",
    "create/bundle/ec2/kill+fail:2",
    "renew/import/ec2/kill:3",
    "test-vm-yes/ebs/ec2/fail:4",
    "stage/bundle/ec2/interrupt:5",
    "destroy/ebs/ec2/kill:6",
)
"""Tries that each run of the tests makes, of every kind of command and fault some."""
SEED = "EXTENCI_FAULTS_SEED"
"""Set to a number: the seed of the new tries, as a run that failed has told it."""


def run(tries: Iterator[Try], seconds: float) -> list[Report]:
    """Reports of tries, two at a time. What they say is shown where the test fails."""
    return Laboratory(tries, 2, print).run(seconds, None)


def explain(reports: list[Report]) -> str:
    """The table, and all of the tries that broke something."""
    return "\n".join([render(reports), *(str(one) for one in reports if one.findings)])


def test_nothing_is_doubled_left_or_lost() -> None:
    reports = run(iter([read_try(one) for one in ALWAYS]), float("inf"))
    assert len(reports) == len(ALWAYS)
    if any(one.findings for one in reports):
        pytest.fail(explain(reports), pytrace=False)


def test_nor_with_a_new_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """Cases that no known defect strikes; HTCondor's are left to `python -m tests.faults`."""
    seed = int(os.environ.get(SEED) or secrets.randbelow(1_000_000))
    cases = without_condor(choose((), without=[one.cases for one in KNOWN]))
    with capsys.disabled():
        print(f"\nlaboratory of faults: {SEED}={seed}")
    reports = run(draw(cases, seed), SECONDS)
    assert reports
    if any(one.findings for one in reports):
        pytest.fail(f"{SEED}={seed}\n{explain(reports)}", pytrace=False)


@pytest.mark.parametrize("known", [one for one in KNOWN if one.shown_by], ids=lambda one: one.cases)
def test_known_defects_are_still_there(known: Known) -> None:
    (report,) = run(iter([read_try(known.shown_by)]), float("inf"))
    found = [one.kind for one in report.findings]
    if known.kind not in found:
        pytest.fail(
            f"{known.shown_by} breaks nothing any more ({known.reason}): take it out of known.py.\n{report}",
            pytrace=False,
        )

"""Specs, what is there and what is recorded → the plan, one file a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.plan.scenery import read_case, show_plan

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_has_the_plan_that_its_file_says(path: Path) -> None:
    case = read_case(path)
    assert show_plan(case.plan()) == case.expected.rstrip("\n")


def test_the_cases_are_found() -> None:
    assert len(CASES) >= 40

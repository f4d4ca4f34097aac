"""extenci's whole main job on each cloud of the matrix, one test a row."""

from __future__ import annotations

import os

import pytest

from tests.matrix.job.report import End
from tests.matrix.rows import IN_CI as FEW
from tests.matrix.rows import ROWS, run_row

IN_CI = "EXTENCI_CI"
"""Set by `.ci/run`: there, a cloud that cannot be had is a failure."""


ALL = "EXTENCI_MATRIX"
"""Set to `all`: every row, in about an hour. Otherwise those of `rows.IN_CI`."""


IS_WHOLE = os.environ.get(ALL) == "all"


@pytest.mark.parametrize("name", ROWS if IS_WHOLE else FEW)
def test_the_whole_job_is_done_or_refused_before_it_begins(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all rows moto has its hundreds of foreign images and snapshots as well, which take half of a row's
    time."""
    if not IS_WHOLE:
        monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    report = run_row(ROWS[name])
    if report.end is End.MISSING:
        if os.environ.get(IN_CI):
            pytest.fail(f"{report.said}, and {IN_CI} is set", pytrace=False)
        pytest.skip(report.said)
    if report.end is End.FAILED:
        pytest.fail("\n".join(str(one) for one in report.failures), pytrace=False)

"""What tests of several folders share: a real HTCondor."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.condor_pool.installation import HTCondorMissing, find_installation
from tests.condor_pool.pool import Pool, start_pool

IN_CI = "EXTENCI_CI"
"""Set by `.ci/run`: there, what is missing is a failure."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background has them, and all they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def condor_pool() -> Iterator[Pool]:
    """A personal HTCondor, with its gridmanager and EC2 GAHP, whose jobs are the calling worker's alone."""
    try:
        installation = find_installation()
    except HTCondorMissing as missing:
        if os.environ.get(IN_CI):
            pytest.fail(f"There is no HTCondor, and {IN_CI} is set. {missing}", pytrace=False)
        pytest.skip(f"There is no HTCondor here. {missing}")
    try:
        pool = start_pool(installation)
    except RuntimeError:  # somebody else took its port first
        pool = start_pool(installation)
    yield pool
    pool.stop()

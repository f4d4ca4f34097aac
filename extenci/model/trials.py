"""What a trial asks a person, and what it needs to begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from extenci.model.address import Answer
from extenci.model.verification import Examination, PytestCheck, SshCheck, Verify

KEY_PAIR_PREFIX = "extenci-test-"
"""How the names of test VMs' own key pairs begin: what of them is left, `extenci gc` removes."""


@dataclass(frozen=True)
class Question:
    """What a person is asked about a test VM: does it work? `login` is a command line to log in with, ""
    where nothing is known; `boot_seconds` how long it took to run; `seconds` how long it waits at most."""

    address: str
    machine: str
    host: str
    login: str
    boot_seconds: float
    seconds: float
    examination: Examination


Ask = Callable[[Question], Answer]
"""Asks a person."""


def needs_login(verify: Verify) -> bool:
    """Whether a check logs in with a key that nothing names, or a person will want to."""
    checks = (check for check in verify.checks if isinstance(check, SshCheck | PytestCheck))
    return verify.confirm or any(check.key is None for check in checks)

"""The outcome of verification: evidence, a decision, the verdict that is recorded, and a person's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from extenci.model.address import Address


class Verdict(StrEnum):
    """The state of a version under one verify block."""

    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    """Its checks passed, and a person has yet to say yes."""
    EXPIRED = "expired"
    """Nobody answered in time."""


ASIDE = "aside"


@dataclass(frozen=True)
class VerdictMark:
    """A verdict and the hash of the verify block that it belongs to, as the tag `extenci:verdict` has them:
    `VERDICT:HASH`. `aside`, on a test VM (`VERDICT:HASH:aside`): the version is tried in another way than its
    block says, so that its image does not bear the verdict."""

    verdict: Verdict
    verify_hash: str
    aside: bool = False

    def __str__(self) -> str:
        return f"{self.verdict}:{self.verify_hash}{':' + ASIDE if self.aside else ''}"

    @classmethod
    def parse(cls, text: str | None) -> VerdictMark | None:
        """Read a tag's value; None where there is none, or its word is no verdict."""
        word, _, rest = (text or "").partition(":")
        verify_hash, _, how = rest.partition(":")
        return cls(Verdict(word), verify_hash, how == ASIDE) if word in list(Verdict) else None


@dataclass(frozen=True)
class Evidence:
    """The result of one check. With `tries` 0 it was never tried, and `message` says why. `output` is the end
    of what it printed, and `file` has all of it. `unable`: the check cannot be made from here, which says
    nothing about the test VM."""

    check: str
    kind: str
    passed: bool
    message: str
    tries: int = 1
    seconds: float = 0.0
    output: str = ""
    file: str | None = None
    unable: bool = False


@dataclass(frozen=True)
class MachineReport:
    """The findings about one machine, from its checks and its console. `console_end` is the end of the
    console's output; `alarm` is the line of the console that means the machine will never come up, "" where
    there was none; `boot_seconds` is the time from its launch to the first answer from its network, None
    where that is not known."""

    address: str
    evidence: tuple[Evidence, ...] = ()
    console_end: str = ""
    alarm: str = ""
    boot_seconds: float | None = None
    seconds: float = 0.0
    folder: str | None = None


@dataclass(frozen=True)
class Decision:
    """A verdict with its reasons. `reason` is one sentence for people; `details` has one for each check that
    failed."""

    verdict: Verdict
    reason: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyResult:
    """The result of trying one version. `version` is its label, `image` and `machine` are ids of the service,
    `host` is the machine's address, and `login` a command line to log in with. `report` is None where no
    machine came up or none was needed. `kept` says that the test VM runs on, until `expires` (seconds since
    the epoch) at most. `at` is when the trial began, `seconds` how long it took."""

    address: Address
    version: str
    decision: Decision
    image: str = ""
    machine: str = ""
    host: str = ""
    login: str = ""
    report: MachineReport | None = None
    kept: bool = False
    expires: float | None = None
    at: float = 0.0
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The decision's verdict."""
        return self.decision.verdict


class Answer(StrEnum):
    """A person's answer to whether a test VM works."""

    YES = "yes"
    NO = "no"
    KEEP = "keep"
    """No, and the test VM stays to be looked at."""
    WAIT = "wait"
    """Not now: it stays and waits."""


@dataclass(frozen=True)
class Question:
    """Asks a person whether a test VM works. `login` is a command line to log in with, "" where none is
    known; `boot_seconds` is how long it took to run, `seconds` how long it waits for an answer at most;
    `expires` is when that time is over, in seconds since the epoch."""

    address: str
    machine: str
    host: str
    login: str
    boot_seconds: float
    seconds: float
    report: MachineReport
    expires: float = 0.0


Ask = Callable[[Question], Answer]
"""Asks a person."""


def reason_of(failed: Sequence[Evidence], total: int) -> str:
    """One sentence about the first check that failed, and how many did."""
    first = failed[0]
    more = f" ({len(failed)} of {total} checks failed)" if len(failed) > 1 else ""
    return f"The check '{first.check}' failed: {first.message}{more}."

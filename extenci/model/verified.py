"""What became of trying a version: the verdict, why, and all that was seen."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.address import Address, Verdict
from extenci.model.verification import Examination


@dataclass(frozen=True)
class Judgement:
    """A verdict. `reason` is one sentence for people; `details` has one for each check that failed."""

    verdict: Verdict
    reason: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verified:
    """The trial of one version. `version` is its label, `image` and `machine` ids of the service, `host` the
    machine's address, `login` the line to log in with; `examination` is None where no machine came up or
    none was needed; `kept` says that the test VM runs on, `expires` (seconds since the epoch) until when
    at most; `at` is when the trial began, `seconds` how long it took."""

    address: Address
    version: str
    judgement: Judgement
    image: str = ""
    machine: str = ""
    host: str = ""
    login: str = ""
    examination: Examination | None = None
    kept: bool = False
    expires: float | None = None
    at: float = 0.0
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What is known of the version now."""
        return self.judgement.verdict

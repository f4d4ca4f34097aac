"""One try of a check, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from extenci.verify.console.watch import ConsoleWatch
    from extenci.verify.evidence_folder import EvidenceFolder
    from extenci.verify.halt import Halt
    from extenci.verify.target import Target


@dataclass(frozen=True)
class CheckContext:
    """Everything that the checks of one machine share. `environment` is for the programs that they start."""

    target: Target
    folder: EvidenceFolder
    console: ConsoleWatch
    halt: Halt
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Attempt:
    """One try: how long it may take, in seconds, and the file for its output."""

    seconds: float
    log: BinaryIO


@dataclass(frozen=True)
class AttemptResult:
    """The result of one try. `final`: another try would end the same way. `unable`: the check
    cannot be made from here, since a program, module or key is missing, or not as it must be. That says
    nothing about the machine that is checked."""

    passed: bool
    message: str
    output: str = ""
    final: bool = False
    unable: bool = False

"""What every kind of check has in common: one try, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from extenci.verify.console_watch import ConsoleWatch
from extenci.verify.evidence_folder import EvidenceFolder
from extenci.verify.halt import Halt
from extenci.verify.target import Target


@dataclass(frozen=True)
class Scene:
    """What the checks of one machine share. `environment` is what programs get."""

    target: Target
    folder: EvidenceFolder
    console: ConsoleWatch
    halt: Halt
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Attempt:
    """One try: how long it may take, in seconds, and the file that takes what it prints."""

    seconds: float
    log: BinaryIO


@dataclass(frozen=True)
class Tried:
    """What came of one try. `final`: another one would end the same way. `unable`: this machine lacks
    what the check is made with, which says nothing about the one that is examined."""

    passed: bool
    message: str
    output: str = ""
    final: bool = False
    unable: bool = False

"""Findings about this machine and its services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from extenci.model.abilities import Abilities


class Level(StrEnum):
    """How bad a finding is: a PROBLEM stops something that the specs ask for."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """The result of one check. `subject` is a service's name, or MACHINE; `hint` says what to do.
    `abilities` are those of a service, in the finding that lists them."""

    subject: str
    level: Level
    text: str
    hint: str = ""
    abilities: Abilities | None = None


MACHINE = "this machine"
"""The subject of findings that concern no service."""


def count_level(findings: Iterable[Finding], level: Level) -> int:
    """How many findings are of a level."""
    return sum(one.level is level for one in findings)

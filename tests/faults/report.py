"""How tries went: values that the table shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.bench.command import Done


class Kind(StrEnum):
    """A way in which a promise is broken, as the table heads its column."""

    DOUBLE = "doubles"
    """More machines, images or whole snapshots than were asked for, after the command was given again."""
    LEAK = "leaks"
    """Left after the same command again, destroy and gc."""
    WRONG = "wrong"
    """Something of others is gone or changed, something in use is gone, or success was said of what is not
    so."""
    UNDONE = "not done"
    """The command does not succeed, however often it is given again without faults."""
    HANG = "hangs"
    """A command took longer than `command.HANG_SECONDS`."""
    DEFECT = "defects"
    """A traceback, or the word that this is a defect."""
    LARGE = "large"
    """A command took more than `LARGE_MIB` of memory."""


LARGE_MIB = 300.0


@dataclass(frozen=True)
class Finding:
    """One broken promise."""

    kind: Kind
    text: str


@dataclass
class Report:
    """One try. `about` says how its seed made it."""

    case: str
    seed: int
    about: str = ""
    killed_at: list[str] = field(default_factory=list)
    failed_calls: int = 0
    findings: list[Finding] = field(default_factory=list)
    commands: list[Done] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def find(self, kind: Kind, text: str) -> None:
        """Notes a broken promise, once a kind."""
        if all(one.kind is not kind for one in self.findings):
            self.findings.append(Finding(kind, text))

    @property
    def name(self) -> str:
        """The try's name: its case and its seed."""
        return f"{self.case}:{self.seed}"

    @property
    def repeat(self) -> str:
        """The command that makes this try again."""
        return f"python -m tests.faults --try {self.name}"

    @property
    def kinds(self) -> set[Kind]:
        return {one.kind for one in self.findings}

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.about}; {self.seconds:.0f} s)"]
        lines += [f"  {one.kind}: {one.text}" for one in self.findings]
        lines += [f"  again: {self.repeat}"]
        lines += [f"  {line}" for one in self.commands for line in str(one).splitlines()]
        return "\n".join(lines)


def counts(reports: Sequence[Report]) -> dict[Kind, int]:
    """How many tries broke each promise."""
    return {kind: sum(kind in one.kinds for one in reports) for kind in Kind}

"""How a row went: values that the table shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class End(StrEnum):
    """How the whole job of a row ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "FAILED"
    MISSING = "missing"
    """The cloud could not be had here."""


class StepFailed(Exception):
    """A step went wrong: what is wrong, the command's exit status, and the last lines it printed."""

    def __init__(self, problem: str, status: int | None = None, lines: str = "") -> None:
        super().__init__(problem)
        self.problem, self.status, self.lines = problem, status, lines


class Refused(Exception):
    """extenci refused before it made anything; the text is what it said."""


@dataclass(frozen=True)
class Failure:
    """A step that went wrong."""

    step: str
    problem: str
    status: int | None
    lines: str

    @property
    def short(self) -> str:
        """One line of it."""
        status = "" if self.status is None else f", exit status {self.status}"
        return f"{self.step}{status}: {self.problem}"

    def __str__(self) -> str:
        return "\n".join([self.short, *(f"  | {line}" for line in self.lines.splitlines())])


@dataclass
class RowReport:
    """What a row did: seconds by step, in order, and what went wrong.

    `able`: the cloud has all that the whole job takes.
    """

    row: str
    able: bool = True
    end: End = End.DONE
    said: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    @property
    def result(self) -> str:
        """The end, with a mark where extenci refuses a cloud that has all that it takes."""
        return f"{self.end} (able)" if self.able and self.end is End.REFUSED else str(self.end)

    def cell(self, step: str) -> str:
        """What the table shows of a step."""
        if any(one.step == step for one in self.failures):
            return "FAIL"
        return f"{self.seconds[step]:.1f}" if step in self.seconds else "-"

"""Promises that are known to be broken: patterns of cases, each with a try that shows it.

An entry goes when its defect is mended: `test_laboratory` fails once its try breaks nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.report import Kind


@dataclass(frozen=True)
class Known:
    """A defect: the cases that it may strike, the reason, and a try (CASE:SEED) that it strikes each time,
    "" where that is a matter of time, too."""

    cases: str
    kind: Kind
    reason: str
    shown_by: str = ""


KNOWN: tuple[Known, ...] = (
    Known(
        "two-*/*/condor/*",
        Kind.WRONG,
        "homes with schedds of their own do not see each other's jobs, and replace each other's machines",
    ),
    Known(
        "*/condor/*interrupt*",
        Kind.WRONG,
        "jobs that wait in the queue count as machines, so the command given again has nothing to do",
    ),
)

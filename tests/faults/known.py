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
        "two-*",
        Kind.DOUBLE,
        "nothing keeps two homes from applying one stack at once",
        "two-create/ebs/ec2/none:1",
    ),
    Known(
        "*/*hide",
        Kind.DOUBLE,
        "one machine of a launch without an answer is taken for all of them",
        "scale-up/ebs/ec2/kill+hide:4",
    ),
    Known(
        "*/*hide",
        Kind.UNDONE,
        "tags that show late are taken for tags that the service does not keep",
    ),
    Known(
        "*/*hide",
        Kind.LEAK,
        "an import task that does not show yet is begun again, and the snapshot of the first stays",
    ),
    Known(
        "*/*fail*",
        Kind.UNDONE,
        "a single HTTP 500 is taken for a parameter that the service does not know, and remembered",
        "verify-no/ebs/ec2/fail:126893732",
    ),
    Known(
        "unstage/*",
        Kind.UNDONE,
        "unstage does not go on where it was killed after DeregisterImage",
        "unstage/ebs/ec2/kill:1",
    ),
    Known(
        "confirm/*",
        Kind.UNDONE,
        "confirm does not go on where it was killed after its verdict",
        "confirm/ebs/ec2/kill:605324174",
    ),
)

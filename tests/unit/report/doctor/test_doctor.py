from __future__ import annotations

from extenci.model.finding import MACHINE, Finding, Level
from extenci.report.doctor.json import findings_document
from extenci.report.doctor.text import render_findings
from extenci.report.text.palette import COLOUR

FOUND = (
    Finding(MACHINE, Level.OK, "Python 3.11.2"),
    Finding("campus", Level.OK, "https://ec2.campus.example.edu answers and takes the credentials"),
    Finding("campus", Level.PROBLEM, "HTCondor takes us for root@example.edu, and root cannot own jobs.",
            "Work as another user."),
    Finding("campus", Level.WARNING, "A name with \x1b[31m in it."),
)  # fmt: skip


def test_findings_as_text() -> None:
    assert (
        render_findings(FOUND, width=60)
        == """\
This machine
  ok       Python 3.11.2

campus
  ok       https://ec2.campus.example.edu answers and takes
           the credentials
  problem  HTCondor takes us for root@example.edu, and root
           cannot own jobs.
           Work as another user.
  warning  A name with \\x1b[31m in it.

1 problem, 1 warning.
"""
    )


def test_what_is_said_last() -> None:
    assert render_findings(FOUND[:2]).endswith("\n\nNothing is missing.\n")
    assert render_findings(FOUND[3:]).endswith("\n\nNo problem, 1 warning.\n")


def test_levels_are_coloured() -> None:
    assert "  \x1b[1;31mproblem\x1b[0m  HTCondor" in render_findings(FOUND, palette=COLOUR)


def test_findings_as_json() -> None:
    document = findings_document(FOUND)
    assert (document["format_version"], document["ok"]) == (1, False)
    assert findings_document(FOUND[3:])["ok"] is True
    assert findings_document(FOUND[2:3])["findings"] == [
        {
            "subject": "campus",
            "level": "problem",
            "text": "HTCondor takes us for root@example.edu, and root cannot own jobs.",
            "hint": "Work as another user.",
        }
    ]

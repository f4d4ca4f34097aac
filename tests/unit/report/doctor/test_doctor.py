from __future__ import annotations

from extenci.model.abilities import AWS, Abilities, Ability, Evidence, Source
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


def test_the_abilities_of_a_service_are_a_table() -> None:
    learned = Abilities({Ability.PAGING: Evidence(False, Source.LEARNED, "DescribeImages refused it")})
    text = render_findings([Finding("campus", Level.OK, "abilities", abilities=learned)], width=80)
    assert "           paging                     no   learned   DescribeImages refused it\n" in text
    assert "           tag-on-create-image        ?              RegisterImage sets tags\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_what_documentation_says_takes_one_line() -> None:
    text = render_findings([Finding("amazon", Level.OK, "abilities", abilities=AWS)])
    assert "all but these, by AWS's documentation\n" in text
    assert "ena-support" not in text


def test_abilities_in_json_say_whether_and_how_they_are_known() -> None:
    learned = Abilities({Ability.PAGING: Evidence(False, Source.LEARNED, "DescribeImages refused it")})
    document = findings_document([Finding("campus", Level.OK, "abilities", abilities=learned)])
    found = document["abilities"]
    assert isinstance(found, dict)
    expected = {"has": False, "source": "learned", "detail": "DescribeImages refused it"}
    assert found["campus"]["paging"] == expected
    assert found["campus"]["ebs-direct"] == {"has": None, "source": None, "detail": ""}

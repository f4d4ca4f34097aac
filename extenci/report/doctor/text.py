"""The findings of `doctor` as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from extenci.model.finding import Finding, Level, count_level
from extenci.model.text import counted
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import lines_of, paragraph, safe

INDENT = "  "
WORD = len(Level.WARNING)


def render_findings(findings: Sequence[Finding], *, width: int = 80, palette: Palette = PLAIN) -> str:
    """A section for each subject, and the number of problems; ends with a newline."""
    sections = [
        [palette.paint(palette.heading, capitalised(safe(subject))), *lines(tuple(found), width, palette)]
        for subject, found in groupby(findings, key=lambda one: one.subject)
    ]
    text = "\n\n".join("\n".join(section) for section in sections)
    return f"{text}\n\n{verdict(findings, palette)}\n"


def lines(findings: Sequence[Finding], width: int, palette: Palette) -> list[str]:
    """Each finding with its level in front and its hint below."""
    colours = {Level.OK: palette.good, Level.WARNING: palette.warning, Level.PROBLEM: palette.alarm}
    rest = " " * (len(INDENT) + WORD + 2)
    shown: list[str] = []
    for finding in findings:
        first, *others = finding.text.splitlines() or [""]
        head = f"{INDENT}{finding.level.ljust(WORD)}  "
        top, *more = paragraph(first, width, head, rest)
        level = palette.paint(colours[finding.level], finding.level)
        shown += [top.replace(finding.level, level, 1), *more]
        for text in (*others, finding.hint):
            shown += lines_of(text, width, rest)
    return shown


def verdict(findings: Sequence[Finding], palette: Palette) -> str:
    """`1 problem, 2 warnings.`"""
    problems, warnings = count_level(findings, Level.PROBLEM), count_level(findings, Level.WARNING)
    if not problems and not warnings:
        return palette.paint(palette.good, "Nothing is missing.")
    parts = [counted(problems, "problem")] if problems else ["No problem"]
    parts += [counted(warnings, "warning")] if warnings else []
    return palette.paint(palette.alarm if problems else palette.warning, ", ".join(parts) + ".")


def capitalised(subject: str) -> str:
    """`This machine`; names of services stay as they are."""
    return subject[0].upper() + subject[1:] if " " in subject else subject

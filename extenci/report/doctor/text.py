"""The findings of `doctor` as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from textwrap import wrap

from extenci.model.abilities import Abilities, Ability, Evidence, Source
from extenci.model.finding import Finding, Level, count_level
from extenci.model.text import counted, listed
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import lines_of, paragraph, safe

INDENT = "  "
WORD = len(Level.WARNING)
NARROWEST = 20


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
        if finding.abilities is not None:
            shown += [rest + line for line in table(finding.abilities, width - len(rest))]
        for text in (*others, finding.hint):
            shown += lines_of(text, width, rest)
    return shown


def table(abilities: Abilities, width: int) -> list[str]:
    """A line for each ability: whether the service has it, and how that is known. Those that documentation
    says are there share one line."""
    known = known_ones(abilities)
    others = [one for one in Ability if abilities.evidence.get(one) not in known]
    names = max((len(one) for one in others), default=0)
    sources = max(map(len, Source))
    by = listed(sorted({one.detail for one in known}))
    shown = [f"all{' but these' if others else ''}, by {by}"] if known else []
    for one in others:
        word, source = word_of(abilities, one), source_of(abilities, one)
        head = f"{one.ljust(names)}  {word.ljust(3)}  {source.ljust(sources)}"
        first, *more = wrap(detail_of(abilities, one), max(width - len(head) - 2, NARROWEST))
        shown += [f"{head}  {first}", *(" " * (len(head) + 2) + line for line in more)]
    return shown


def known_ones(abilities: Abilities) -> list[Evidence]:
    """The evidence of abilities that documentation says are there."""
    return [one for one in abilities.evidence.values() if one.source is Source.KNOWN and one.has]


def word_of(abilities: Abilities, ability: Ability) -> str:
    """`yes`, `no`, or `?` where nobody knows."""
    found = abilities.evidence.get(ability)
    return "?" if found is None else "yes" if found.has else "no"


def source_of(abilities: Abilities, ability: Ability) -> str:
    """How an ability is known."""
    found = abilities.evidence.get(ability)
    return "" if found is None else str(found.source)


def detail_of(abilities: Abilities, ability: Ability) -> str:
    """The call and answer that showed it, or else its meaning."""
    found = abilities.evidence.get(ability)
    return found.detail if found is not None and found.detail else ability.meaning


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

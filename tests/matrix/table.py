"""The table of a run: rows by steps, with what went wrong below it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.matrix.job.report import End, RowReport
from tests.matrix.job.whole import ALL


def render(reports: Sequence[RowReport], *, markdown: bool = False) -> str:
    """Seconds of each step of each row, how the rows ended, and what failed or was refused."""
    lines = [["cloud", "end", *ALL], *([one.row, one.result, *map(one.cell, ALL)] for one in reports)]
    table = _markdown(lines) if markdown else _columns(lines)
    ends = ", ".join(f"{count} {end}" for end in End if (count := sum(one.end is end for one in reports)))
    details = [text for one in reports if (text := detail(one, markdown=markdown))]
    return "\n\n".join([table, f"{len(reports)} rows: {ends}.", *details]) + "\n"


def _columns(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(row.rstrip() for row in rows)


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, f"|{'---|' * len(lines[0])}", *rest])


def detail(report: RowReport, *, markdown: bool = False) -> str:
    """What a row's first failure said, and its others in a line each, or how it was refused; else ""."""
    first, rest = report.failures[:1], report.failures[1:]
    texts = [*map(str, first), *(one.short for one in rest)] or [report.said]
    text = "\n".join(one for one in texts if one)
    if not text:
        return ""
    name = f"{report.row}: {report.result}"
    return f"### {name}\n\n```text\n{text}\n```" if markdown else f"{name}\n{text}"

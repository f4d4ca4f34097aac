"""The problems of spec and service files, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.errors import Problem
from extenci.model.text import counted
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import safe

PROBLEMS_JSON_VERSION = 1


def render_problems(problems: Sequence[Problem], *, palette: Palette = PLAIN) -> str:
    """One line a problem, `file:line:column: what is wrong`, and the number of problems."""
    lines = [problem_text(problem, palette) for problem in problems]
    files = len({problem.file for problem in problems})
    total = f"{counted(len(problems), 'problem')} in {counted(files, 'file')}."
    return "\n".join([*lines, palette.paint(palette.alarm, total)]) + "\n"


def problem_text(problem: Problem, palette: Palette = PLAIN) -> str:
    """`file:line:column: what is wrong`, on one line."""
    position = f":{problem.line}:{problem.column}" if problem.line else ""
    return f"{palette.paint(palette.heading, safe(problem.file) + position)}: {safe(problem.message)}"


def problems_document(problems: Sequence[Problem]) -> dict[str, object]:
    """The document of `validate --format json`; `ok` if there are no problems."""
    return {
        "format_version": PROBLEMS_JSON_VERSION,
        "ok": not problems,
        "problems": [
            {"file": each.file, "line": each.line, "column": each.column, "message": each.message}
            for each in problems
        ],
    }

"""A pass as text: what was done and what is left, and a last line that is never wrapped."""

from __future__ import annotations

from extenci.model.outcome import Result
from extenci.model.reconcile import Pass
from extenci.report.reconcile.summary import FINE, place_text, summary_of, time_text
from extenci.report.result.text import render_result
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import lines_of, paragraph, safe

LEFT = "Left for a person:"


def render_pass(done: Pass, *, palette: Palette = PLAIN, width: int = 80) -> str:
    """The end of a pass's output; its plans were shown before. One line where there was nothing to do."""
    parts = [render_result(one, palette=palette, width=width) for one in done.results if is_told(one)]
    if done.left:
        lines = [line for text in done.left for line in paragraph(text, width, "  - ")]
        parts.append("\n".join([palette.paint(palette.warning, LEFT), *lines]) + "\n")
    if done.error:
        lines = [*lines_of(done.error, width, "  "), *lines_of(done.hint, width, "  ")]
        parts.append("\n".join([palette.paint(palette.alarm, "Not done:"), *lines]) + "\n")
    code = palette.good if done.status in FINE else palette.alarm
    return "\n".join([*parts, palette.paint(code, line_of(done)) + "\n"])


def is_told(result: Result) -> bool:
    """Whether a result says more than that there was nothing to do."""
    return bool(result.outcomes) or not result.ok


def line_of(done: Pass) -> str:
    """`2026-11-28 04:46:02 UTC: stack lab at main 1a2b3c4d5e6f: nothing to do.`"""
    what = f"stack {safe(done.stack)}" if done.stack else safe(done.root)
    place = safe(place_text(done.branch, done.commit))
    return f"{time_text(done.at)}: {what}{place}: {safe(summary_of(done))}."

"""The formats in which a plan can be printed. A new one is a file with its renderer and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from extenci.report.plan.html.page import plan_html
from extenci.report.plan.json import plan_json
from extenci.report.plan.markdown.page import plan_markdown
from extenci.report.plan.text import plan_text
from extenci.report.plan.view import PlanView

FORMATS: Mapping[str, Callable[[PlanView], str]] = {
    "text": plan_text,
    "json": plan_json,
    "markdown": plan_markdown,
    "html": plan_html,
}
"""Renderers by the names that `extenci plan --format` takes. Each returns the whole document, which ends with
a newline."""

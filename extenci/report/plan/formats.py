"""The formats in which a plan can be printed. A new one is a file with its renderer, and a function and a
line here. A renderer's file is imported when it is first used: the command line asks for the names alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extenci.report.plan.view import PlanView


def _text(view: PlanView) -> str:
    from extenci.report.plan.text import plan_text

    return plan_text(view)


def _json(view: PlanView) -> str:
    from extenci.report.plan.json import plan_json

    return plan_json(view)


def _markdown(view: PlanView) -> str:
    from extenci.report.plan.markdown.page import plan_markdown

    return plan_markdown(view)


def _html(view: PlanView) -> str:
    from extenci.report.plan.html.page import plan_html

    return plan_html(view)


FORMATS: Mapping[str, Callable[[PlanView], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
}
"""Renderers by the names that `extenci plan --format` takes. Each returns the whole document, which ends with
a newline."""

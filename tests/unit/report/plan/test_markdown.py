from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from extenci.model.plan import Plan
from extenci.report.plan.markdown import render_markdown
from extenci.report.text.markdown import markdown

SameAs = Callable[[str, str], None]


def test_a_plan_reads_well_in_a_pull_request(busy_plan: Plan, same_as: SameAs) -> None:
    same_as(render_markdown(busy_plan), "busy_plan.md")


def test_nothing_to_do_is_said_above_the_drift(quiet_plan: Plan, same_as: SameAs) -> None:
    same_as(render_markdown(quiet_plan), "quiet_plan.md")


def test_nothing_from_a_cloud_can_break_out(hostile_plan: Plan, same_as: SameAs) -> None:
    text = render_markdown(hostile_plan)
    same_as(text, "hostile_plan.md")
    assert not re.search(r"@[a-z]|(?<!&)#\d|<b>|(?<!\\)`rm", text)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "&#8203;" in text
    rows = [line for line in text.splitlines() if line.startswith("| -")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5]


def test_links_images_and_formulas_are_shown_as_text() -> None:
    assert markdown("![x](https://a.b) www.c $1$ **d**") == (
        "!&#8203;\\[x\\](https:&#8203;//a.b) www&#8203;.c <span>$</span>1<span>$</span> \\*\\*d\\*\\*"
    )


def test_a_plan_too_long_for_a_comment_is_shortened_and_says_so(busy_plan: Plan) -> None:
    whole = render_markdown(busy_plan)
    assert "<details>" in whole
    without_details = render_markdown(busy_plan, longest=len(whole) - 1)
    assert "<details>" not in without_details
    assert "| + | sandbox/worker |" in without_details
    assert "too long to be shown" in without_details
    shortest = render_markdown(replace(busy_plan, warnings=("x" * 100_000,)))
    assert shortest.startswith("### extenci plan: 1 image to stage")
    assert "too long to be shown" in shortest
    assert len(shortest) < 500

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from extenci.model.address import Address
from extenci.model.plan import Change, Plan
from extenci.report.plan.markdown.page import LONGEST, render_markdown
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


def many(plan: Plan, services: int, changes: int) -> Plan:
    """A plan with so many changes on each of so many services, and drift and warnings to match."""
    names = [f"cloud-{number}" for number in range(services)]
    launch, replaced, ended = plan.changes[1], plan.changes[2], plan.changes[4]
    made: list[Change] = []
    for name in names:
        for number in range(changes):
            kind = ended if number % 10 == 9 else replaced if number % 10 == 5 else launch
            address = Address(name, f"pool-{number}")
            made.append(replace(kind, id=f"{kind.action} {address}", address=address, reason="because " * 9))
    drift = tuple(replace(plan.drift[0], address=one.address) for one in made)
    return replace(plan, services=tuple(names), changes=tuple(made), drift=drift, warnings=("x" * 3000,) * 50)


def test_a_plan_too_long_for_a_comment_counts_what_does_not_fit(busy_plan: Plan) -> None:
    plan = many(busy_plan, services=3, changes=1000)
    text = render_markdown(plan)
    assert len(text) <= LONGEST
    assert len(text) > LONGEST - 2500
    assert text.startswith("### extenci plan: 4800 machines to launch")
    assert "too long" not in text
    for name in plan.services:
        part = text.partition(f"#### {name}\n")[2].partition("####")[0].partition("**")[0]
        rows = re.findall(r"^\| ([+~-]) \|", part, re.MULTILINE)
        told = re.search(r"_(\d+) changes more, not shown here: (.*?)\._", part)
        assert told is not None
        assert len(rows) + int(told[1]) == 1000
        assert set(rows) <= {"~", "-"}, "what is dangerous comes first"
        assert "1600 machines to launch" in told[2]
    assert re.search(r"_Details are not shown here of \d+ machines to launch", text)
    assert re.search(r"Drift that is not shown here: \d+ on cloud-0, 1000 on cloud-1", text)
    assert re.search(r"- … and \d+ more", text)


def test_many_services_are_counted_too(busy_plan: Plan) -> None:
    text = render_markdown(many(busy_plan, services=900, changes=3))
    assert len(text) <= LONGEST
    assert re.search(r"\*\*On \d+ more services:\*\* \d+ machines to launch\.", text)
    assert "cloud-100" in text


def test_a_plan_that_just_fits_is_whole_and_every_length_is_kept(busy_plan: Plan) -> None:
    whole = render_markdown(busy_plan, {"launch sandbox/pool": "universe = grid\n" * 5})
    assert "universe = grid" in whole
    for longest in (4000, 5000, 7000, 20_000):
        for number in (1, 8, 40):
            plan = many(busy_plan, services=number, changes=30)
            text = render_markdown(plan, {"launch a/b": "x\n" * 3000}, longest=longest)
            assert len(text) <= longest, (longest, number)
            assert text.count("<details>") == text.count("</details>")

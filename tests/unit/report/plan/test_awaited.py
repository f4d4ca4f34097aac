"""Machines that are being launched already, in a plan as people and programs read it."""

from __future__ import annotations

from extenci.model.plan import Plan
from extenci.report.plan.html.page import plan_html
from extenci.report.plan.json import change_document, plan_document
from extenci.report.plan.markdown.page import render_markdown
from extenci.report.plan.text import render_plan
from extenci.report.plan.view import PlanView
from tests.unit.plan.scenery import build_case

SAID = "sandbox/pool: 1 of 2 machines being launched already"


def plan_that_waits() -> Plan:
    there = {
        "images": {"ami-1": {"of": "worker", "disk": "A"}},
        "machines": {
            "i-1": {"of": "pool", "image": "ami-1", "disk": "A"},
            "i-2": {"of": "pool", "image": "ami-1", "disk": "A", "state": "pending", "age": 60},
        },
    }
    specs = {"images": {"worker": {"disk": "A"}}, "instances": {"pool": {"image": "worker", "count": 2}}}
    return build_case("", {"specs": specs, "there": there}).plan()


def test_a_plan_that_only_waits_has_no_change_and_says_for_what() -> None:
    plan = plan_that_waits()
    assert plan.is_empty
    assert render_plan(plan) == (
        "Being launched already, so that apply waits for them\n"
        f"  - {SAID}\n"
        "\n"
        "Nothing to change: it is done once 1 machine runs.\n"
    )


def test_every_format_says_it() -> None:
    plan = plan_that_waits()
    assert SAID.partition(": ")[2] in render_markdown(plan)
    assert SAID in plan_html(PlanView(plan))
    document = plan_document(plan)
    assert document["changes"] == []
    assert document["summary"] == {}
    (awaited,) = [change_document(one) for one in plan.awaited]
    assert document["awaited"] == [awaited]
    assert awaited["action"] == "await"
    assert awaited["count"] == 1


def test_apply_carries_the_wait_out() -> None:
    plan = plan_that_waits().with_waits
    assert [change.id for change in plan.changes] == ["await sandbox/pool"]
    assert plan.awaited == ()

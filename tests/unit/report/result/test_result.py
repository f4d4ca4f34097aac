from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from extenci.model.outcome import Made, Outcome, Result, Status
from extenci.model.plan import Plan
from extenci.report.plan.json import render_json
from extenci.report.result.json import result_document
from extenci.report.result.text import render_result

SameAs = Callable[[str, str], None]


@pytest.fixture
def mixed(busy_plan: Plan) -> Result:
    stage, launch, replacement, terminate, _ = busy_plan.changes
    return Result(
        "r1",
        busy_plan,
        (
            Outcome(stage.id, Status.DONE, made=Made("ami-2", "snap-2"), seconds=12.3456),
            Outcome(launch.id, Status.FAILED,
                    "RunInstances: InstanceLimitExceeded: only 5\x1b[2K of them.\nSecond line.",
                    "Ask for a higher limit, or lower `count`.", Made(machines=("i-9",)), 3.0),
            Outcome(replacement.id, Status.BLOCKED, f"It needs `{launch.id}`, which failed."),
            Outcome(terminate.id, Status.DONE, seconds=1.0),
        ),
        75.4,
    )  # fmt: skip


def test_a_mixed_result_says_what_was_and_was_not_done_and_why(mixed: Result, same_as: SameAs) -> None:
    same_as(render_result(mixed), "mixed_result.txt")


def test_the_document_of_a_result_is_as_published(mixed: Result, same_as: SameAs) -> None:
    same_as(render_json(result_document(mixed)), "mixed_result.json")


def test_a_good_result_is_one_line(busy_plan: Plan) -> None:
    plan = replace(busy_plan, blocked=())
    result = Result("r", plan, tuple(Outcome(change.id, Status.DONE) for change in plan.changes), 12.0)
    assert render_result(result) == (
        "Applied in 12 s: 1 image staged, 2 machines launched, 3 machines replaced, 6 machines terminated,"
        " 1 image unstaged.\n"
    )


def test_a_plan_that_could_only_be_blocked_was_not_applied(busy_plan: Plan) -> None:
    text = render_result(Result("r", replace(busy_plan, changes=()), (), 0.0))
    assert text.splitlines()[0] == "Blocked in the plan:"
    assert text.splitlines()[-1] == "Not fully applied after 0 s: nothing was finished; 1 blocked."

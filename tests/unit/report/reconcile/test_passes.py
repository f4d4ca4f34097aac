"""Passes of reconciling in words, numbers and JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.outcome import Result
from extenci.model.plan import Blocked, Plan
from extenci.model.reconcile import LastPass, Pass, PassStatus
from extenci.report.reconcile.metrics import render_metrics
from extenci.report.reconcile.summary import is_news, last_pass_of
from extenci.report.reconcile.text import render_pass

PLAN = Plan("lab", ("sandbox",))
BLOCKED = Blocked(Address("sandbox", "pool"), Kind.INSTANCES, Action.LAUNCH, "no room")
BASE = Pass(1_795_841_943.0, 2.5, "/srv/specs", "af7c0ad5e929" + "0" * 28, "main", "lab")


def applied(plan: Plan) -> Result:
    return Result("run", plan, ())


@pytest.mark.parametrize(
    ("found", "status", "exit_status"),
    [
        (replace(BASE, results=(applied(PLAN),)), PassStatus.IN_SYNC, 0),
        (replace(BASE, plan=PLAN), PassStatus.IN_SYNC, 0),
        (replace(BASE, plan=replace(PLAN, blocked=(BLOCKED,))), PassStatus.FAILED, 1),
        (replace(BASE, plan=replace(PLAN, blocked=(replace(BLOCKED, waits=True),))), PassStatus.WAITING, 3),
        (
            replace(BASE, results=(applied(replace(PLAN, blocked=(replace(BLOCKED, waits=True),))),)),
            PassStatus.WAITING,
            3,
        ),
        (replace(BASE, results=(applied(replace(PLAN, blocked=(BLOCKED,))),)), PassStatus.FAILED, 1),
        (replace(BASE, left=("too many",)), PassStatus.FAILED, 1),
        (replace(BASE, error="no"), PassStatus.FAILED, 1),
        (replace(BASE, interrupted=True), PassStatus.INTERRUPTED, 1),
    ],
)
def test_the_status_of_a_pass_and_its_exit_status(found: Pass, status: PassStatus, exit_status: int) -> None:
    assert (found.status, found.exit_status) == (status, exit_status)


def test_a_pass_without_anything_to_do_is_one_line() -> None:
    found = render_pass(replace(BASE, results=(applied(PLAN),)))
    assert found == "2026-11-28 04:59:03 UTC: stack lab at main af7c0ad5e929: nothing to do.\n"


def test_what_is_left_and_why_is_told_before_the_last_line() -> None:
    found = render_pass(replace(BASE, stack="", error="No way.\nNone \x1b[2J at all.", hint="Go."), width=60)
    assert found == (
        "Not done:\n  No way.\n  None \\x1b[2J at all.\n  Go.\n\n"
        "2026-11-28 04:59:03 UTC: /srv/specs at main af7c0ad5e929: No way.\n"
    )


def test_hooks_are_told_of_news_only() -> None:
    calm = last_pass_of(replace(BASE, results=(applied(PLAN),)), None)
    broken = last_pass_of(replace(BASE, error="no"), calm)
    assert broken.ok_at == calm.at
    assert not is_news(calm, None)
    assert not is_news(calm, calm)
    assert is_news(broken, calm)
    assert is_news(broken, None)
    assert not is_news(broken, broken)
    assert is_news(calm, broken)
    done = LastPass(1.0, "c", "main", PassStatus.APPLIED, "1 machine launched", 1.0)
    assert is_news(done, done)
    assert not is_news(calm, done)


def test_metrics_escape_what_labels_cannot_hold() -> None:
    odd = replace(BASE, root='/srv/"a"\\b\nc', plan=PLAN)
    lines = render_metrics(odd, last_pass_of(odd, None)).splitlines()
    assert 'extenci_reconcile_ok{root="/srv/\\"a\\"\\\\b\\nc",stack="lab"} 1' in lines
    assert sum(line.startswith("# TYPE") for line in lines) == sum(not line.startswith("#") for line in lines)

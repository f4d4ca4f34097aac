"""Images that are excluded, and that groups are launched from, where versions are verified."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.desired import Selection
from extenci.model.observed import Image, Machine, Observation
from extenci.model.plan import Plan
from extenci.model.version import GIB, Disk
from extenci.model.work import LaunchWork
from extenci.plan.planner import make_plan
from tests.unit.builders import service_state
from tests.unit.plan.images.test_verification import (
    NO_RECORDS,
    NOW,
    POOL,
    TRIAL,
    VERIFY,
    WORKER,
    ids,
    image,
    machine,
    spec,
)


def plan_without_worker(*things: Image | Machine, destroy: bool = False) -> Plan:
    desired = replace(spec(2, VERIFY), selection=Selection(excluded=frozenset({WORKER})))
    return make_plan(
        desired,
        {WORKER: Disk("b" * 64, GIB, 1)},
        Observation({"cloud": service_state(*things, at=NOW)}),
        NO_RECORDS,
        now=NOW,
        verify_hashes={WORKER: TRIAL},
        destroy=destroy,
    )


def launched_from(plan: Plan) -> str | None:
    (change,) = plan.changes
    assert isinstance(change.work, LaunchWork)
    return change.work.image.id


def test_a_version_that_passed_is_used() -> None:
    plan = plan_without_worker(image("b", f"passed:{TRIAL}"), machine("i-1", "b"))
    assert ids(plan) == ["launch cloud/pool"]
    assert launched_from(plan) == "ami-b"
    assert (plan.warnings, plan.left_out) == ((), ())


@pytest.mark.parametrize("verdict", [None, f"failed:{TRIAL}", f"waiting:{TRIAL}"])
def test_a_version_that_has_not_passed_is_not_tried_and_the_last_good_one_is_used(
    verdict: str | None,
) -> None:
    plan = plan_without_worker(image("a", "passed:t0"), image("b", verdict), machine("i-1", "a"))
    assert ids(plan) == ["launch cloud/pool"]
    assert launched_from(plan) == "ami-a"
    assert not plan.blocked
    (warning,) = plan.warnings
    assert "cloud/pool goes by ami-a, the newest version that passed its verification" in warning


def test_without_a_good_version_its_groups_are_left_out() -> None:
    plan = plan_without_worker(image("b"), machine("i-1", "b"))
    assert (plan.changes, plan.blocked, plan.left_out) == ((), (), (POOL,))
    assert "no version of it is staged and verified" in plan.warnings[0]


def test_destroy_ends_its_groups_and_leaves_it() -> None:
    assert ids(plan_without_worker(image("b"), machine("i-1", "b"), destroy=True)) == ["terminate cloud/pool"]

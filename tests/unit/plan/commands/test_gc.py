"""What `gc` removes, and what it lets be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.leftovers import Leftovers, Uploaded
from extenci.model.observed import (
    Image,
    ImageState,
    KeyPair,
    Machine,
    MachineHandle,
    Observation,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import Marks, Role
from extenci.model.plan import Plan
from extenci.model.record import Records
from extenci.model.s3 import PartUpload, StoredObject
from extenci.model.service import Service
from extenci.model.work import RemoveWork, TerminateWork, UnstageWork
from extenci.plan.commands.gc import LEFT_BEHIND_SECONDS, plan_gc
from extenci.report.plan.text import render_plan
from tests.unit.builders import iso_time, observed_image, observed_machine, service_state

NOW = 1_000_000.0
MINE = Marks("lab", "cloud", "worker", plan="over")
WORKER = Address("cloud", "worker")


def snapshot(state: SnapshotState = SnapshotState.PENDING, started: float = NOW, **more: object) -> Snapshot:
    known = replace(MINE, **more)  # type: ignore[arg-type]
    return Snapshot("snap-1", state, 1, iso_time(started), known.to_tags(), known)


def trial_vm(key: str = "extenci-test-1", **more: object) -> Machine:
    known = replace(MINE, role=Role.TEST, expires=iso_time(NOW + 60), **more)  # type: ignore[arg-type]
    return observed_machine("i-1", known, key_name=key)


def collected(
    *things: Snapshot | Machine | Image,
    pairs: tuple[KeyPair, ...] = (),
    made: Mapping[str, Address] | None = None,
    files: Mapping[str, str] | None = None,
    jobs: tuple[str, ...] = (),
    uploaded: Uploaded | None = None,
) -> Plan:
    state = service_state(*things, at=NOW)
    return plan_gc(
        Desired("lab", "/specs", {"cloud": Service("cloud", "us-east-1")}),
        Observation({"cloud": state}),
        Records(finished_runs=frozenset({"over"})),
        NOW,
        Leftovers(
            {"cloud": pairs},
            made or {},
            files or {},
            jobs,
            uploaded={"cloud": uploaded} if uploaded else {},
        ),
    )


def ids(plan: Plan) -> list[str]:
    return [change.id for change in plan.changes]


def test_nothing_is_left_where_nothing_is() -> None:
    assert collected().is_empty


@pytest.mark.parametrize("role", [Role.POOL, Role.MANUAL])
@pytest.mark.parametrize("state", list(SnapshotState))
def test_a_snapshot_that_became_no_image_goes(state: SnapshotState, role: Role) -> None:
    assert ids(collected(snapshot(state, role=role))) == ["unstage cloud/worker snap-1"]


@pytest.mark.parametrize(
    "kept",
    [
        snapshot(plan="elsewhere"),
        snapshot(plan="elsewhere", started=NOW - LEFT_BEHIND_SECONDS + 1),
        snapshot(stack="other"),
        snapshot(service="other"),
        replace(snapshot(), marks=None),
    ],
)
def test_a_snapshot_that_somebody_may_be_at_or_that_is_not_ours_stays(kept: Snapshot) -> None:
    assert collected(kept).is_empty


@pytest.mark.parametrize(
    "gone",
    [
        snapshot(plan="elsewhere", started=NOW - LEFT_BEHIND_SECONDS),
        snapshot(SnapshotState.ERROR, plan="elsewhere"),
    ],
)
def test_what_another_home_has_given_up_goes(gone: Snapshot) -> None:
    assert ids(collected(gone)) == ["unstage cloud/worker snap-1"]


def test_a_snapshot_that_an_image_uses_stays() -> None:
    image = Image("ami-9", "somebody's", ImageState.AVAILABLE, ("snap-1",))
    assert collected(snapshot(SnapshotState.COMPLETED), image).is_empty


def tried_image(**more: object) -> Image:
    known = replace(MINE, role=Role.MANUAL, **more)  # type: ignore[arg-type]
    return observed_image("ami-1", known, created=iso_time(NOW - 60))


@pytest.mark.parametrize(
    ("marks", "goes"),
    [
        ({"verdict": "waiting:t1"}, True),
        ({"verdict": "failed:t1"}, True),
        ({"verdict": "passed:t1"}, False),
        ({}, False),  # by `stage`, on purpose
        ({"verdict": "waiting:t1", "plan": "elsewhere"}, False),
        ({"verdict": "waiting:t1", "stack": "other"}, False),
        ({"verdict": "waiting:t1", "protect": True}, False),
    ],
)
def test_what_test_vm_staged_goes_unless_somebody_said_that_it_works(
    marks: dict[str, object], goes: bool
) -> None:
    whole = snapshot(SnapshotState.COMPLETED, role=Role.MANUAL)
    plan = collected(tried_image(**marks), whole)
    assert [change.work for change in plan.changes] == ([UnstageWork("ami-1", ("snap-1",))] if goes else [])


def test_what_test_vm_staged_goes_after_its_test_vm_and_stays_while_another_machine_runs_from_it() -> None:
    whole, tried = snapshot(SnapshotState.COMPLETED, role=Role.MANUAL), tried_image(verdict="waiting:t1")
    changes = {change.id: change for change in collected(tried, whole, trial_vm()).changes}
    assert changes["unstage cloud/worker ami-1"].depends_on == ("terminate cloud/worker i-1",)
    assert collected(tried, whole, observed_machine("i-2")).is_empty


def test_a_protected_snapshot_that_is_whole_stays_with_a_word() -> None:
    plan = collected(snapshot(SnapshotState.COMPLETED, protect=True))
    assert plan.changes == ()
    assert "protect" in plan.warnings[0]
    assert plan.blocked == ()


def test_a_test_vm_goes_with_its_key_pair() -> None:
    pair = KeyPair("extenci-test-1", replace(MINE, role=Role.TEST))
    (change,) = collected(trial_vm(), pairs=(pair,)).changes
    assert change.work == TerminateWork((MachineHandle("i-1"),), ("extenci-test-1",))


def test_a_test_vm_of_another_homes_run_stays_with_its_key_pair() -> None:
    pair = KeyPair("extenci-test-1", replace(MINE, plan="elsewhere", expires=iso_time(NOW - 1)))
    assert collected(trial_vm(plan="elsewhere"), pairs=(pair,)).is_empty


@pytest.mark.parametrize(
    ("marks", "goes"),
    [
        (MINE, True),
        (replace(MINE, plan="elsewhere", expires=iso_time(NOW)), True),
        (replace(MINE, plan="elsewhere", expires=iso_time(NOW + 1)), False),
        (replace(MINE, plan="elsewhere"), False),
        (replace(MINE, stack="other"), False),
        (replace(MINE, service="other"), False),
        (None, False),
    ],
)
def test_a_key_pair_without_a_machine_goes_once_its_run_is_over(marks: Marks | None, goes: bool) -> None:
    assert collected(pairs=(KeyPair("extenci-test-2", marks),)).is_empty is not goes


def test_without_tags_the_journal_tells_whose_a_key_pair_is() -> None:
    pair = KeyPair("extenci-test-2")
    plan = collected(pairs=(pair,), made={"extenci-test-2": WORKER})
    assert ids(plan) == ["remove cloud/worker extenci-test-2"]
    assert collected(pairs=(pair,), made={"extenci-test-2": Address("other", "worker")}).is_empty


def test_files_go_unless_their_key_pair_is_there() -> None:
    files = {"extenci-test-2": "/h/keys/extenci-test-2", "extenci-test-3": "/h/keys/extenci-test-3"}
    plan = collected(pairs=(KeyPair("extenci-test-3"),), files=files, jobs=("/h/jobs/aa",))
    (change,) = plan.changes
    assert change.work == RemoveWork(files=("/h/keys/extenci-test-2", "/h/jobs/aa"))
    text = render_plan(plan)
    assert "delete 2 local files: nothing needs them" in text
    assert "/h/jobs/aa" in text
    assert text.endswith("Plan: 2 leftovers to remove.\n")


KEY = "extenci/lab/cloud/abc.raw"


def test_what_was_uploaded_by_runs_that_are_over_goes() -> None:
    objects = (StoredObject(KEY, 5, "", NOW - 60), StoredObject(f"{KEY}.zeros", 5, "", NOW - 60))
    uploads = (PartUpload(KEY, "u-1", NOW - 60),)
    begun = {KEY: NOW - 50, f"{KEY}.zeros": NOW - 50}  # as the method that uploaded them says
    plan = collected(uploaded=Uploaded("mine", objects, uploads, begun))
    (change,) = plan.changes
    assert change.work == RemoveWork(bucket="mine", objects=(KEY, f"{KEY}.zeros"), uploads=uploads)
    text = render_plan(plan)
    assert "delete 3 leftover uploads in the bucket mine: no import needs" in text
    assert KEY in text
    assert text.endswith("Plan: 3 leftovers to remove.\n")


@pytest.mark.parametrize(
    ("begun", "busy", "at", "goes"),
    [
        ({}, (), NOW - 60, False),
        ({}, (), NOW - LEFT_BEHIND_SECONDS - 1, True),
        ({}, (KEY,), NOW - LEFT_BEHIND_SECONDS - 1, False),
        ({KEY: NOW - 5000}, (), NOW - 5100, True),
        ({KEY: NOW - 5000}, (), NOW - 60, False),
        ({KEY: NOW - 5000}, (KEY,), NOW - 5100, False),
    ],
    ids=["another's", "an old one", "being imported", "mine", "another's, later", "mine, being imported"],
)
def test_what_may_be_at_work_in_s3_is_let_be(
    begun: dict[str, float], busy: tuple[str, ...], at: float, goes: bool
) -> None:
    uploads = (PartUpload(KEY, "u-1", at),)
    plan = collected(uploaded=Uploaded("mine", (), uploads, begun, frozenset(busy)))
    assert plan.is_empty is not goes

"""Verification in plans: what is tried, what follows from a verdict, and what is left of trials."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extenci.model.action import Action
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, LaunchSettings, Origin
from extenci.model.errors import PlanError
from extenci.model.observed import (
    Image,
    ImageState,
    Machine,
    MachineHandle,
    MachineState,
    Observation,
    ServiceState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import Marks, Role
from extenci.model.plan import FieldChange, Plan
from extenci.model.record import AppliedRecord, Records, VerdictRecord
from extenci.model.service import Service
from extenci.model.verdict import Verdict
from extenci.model.verification import Verify
from extenci.model.version import GIB, Architecture, Disk, Method, Registration, Version
from extenci.model.work import ConfirmWork, LaunchWork, ReplaceWork, UnstageWork, VerifyWork
from extenci.plan.commands.confirm import plan_confirm
from extenci.plan.commands.verify import verifications_only
from extenci.plan.fields import desired_fields
from extenci.plan.planner import make_plan
from extenci.plan.staleness.compare import Stale, compare_plans
from extenci.verify.checks.run import RunCheck
from extenci.verify.checks.tcp import TcpCheck
from tests.unit.builders import iso_time, service_state

NOW = 100_000.0
WORKER, POOL = Address("cloud", "worker"), Address("cloud", "pool")
TRIAL = "t1"
NO_RECORDS = Records()
VERIFY = Verify(LaunchSettings("t3.micro"))


def version(letter: str) -> Version:
    return Version(letter * 64, Registration(Architecture.X86_64, None, Method.EBS, 1))


def marks(letter: str, name: str, **more: object) -> Marks:
    known = Marks("lab", "cloud", name, digest=letter * 64, version=str(version(letter)))
    return replace(known, **more)  # type: ignore[arg-type]


def image(letter: str, verdict: str | None = None, created: str = "2026-01-01") -> Image:
    known = marks(letter, "worker", verdict=verdict)
    return Image(
        f"ami-{letter}",
        version(letter).image_name("worker", "lab"),
        ImageState.AVAILABLE,
        (f"snap-{letter}",),
        "x86_64",
        None,
        1,
        created,
        known.to_tags(),
        known,
    )


def snapshot(letter: str) -> Snapshot:
    known = marks(letter, "worker")
    return Snapshot(f"snap-{letter}", SnapshotState.COMPLETED, 1, "", known.to_tags(), known)


def machine(id_: str, letter: str, **more: object) -> Machine:
    known = marks(letter, "pool", **more)
    return Machine(
        id_, MachineState.RUNNING, f"ami-{letter}", "t3.micro", 1.0, tags=known.to_tags(), marks=known
    )


def trial_vm(letter: str, expires: float, run: str = "run", verdict: str | None = None) -> Machine:
    until = iso_time(expires)
    known = marks(letter, "worker", role=Role.TEST, plan=run, expires=until, verdict=verdict)
    return Machine(
        "i-test", MachineState.RUNNING, f"ami-{letter}", "t3.micro", 1.0, "192.0.2.7",
        key_name="extenci-test-abc", tags=known.to_tags(), marks=known,
    )  # fmt: skip


def plan_of(
    *things: Image | Snapshot | Machine,
    content: str = "b",
    count: int = 2,
    verify: Verify | None = VERIFY,
    records: Records = NO_RECORDS,
    again: frozenset[Address] = frozenset(),
    destroy: bool = False,
) -> Plan:
    desired = spec(count, verify)
    state = service_state(*things, at=NOW)
    return make_plan(
        desired,
        {} if destroy else {WORKER: Disk(content * 64, GIB, 1)},
        Observation({"cloud": state}),
        records,
        now=NOW,
        verify_hashes={WORKER: TRIAL},
        again=again,
        destroy=destroy,
    )


def spec(count: int, verify: Verify | None) -> Desired:
    origin = Origin("a.yaml", 1, 1)
    worker = DesiredImage(WORKER, origin, "/w.raw", Method.EBS, keep=0, verify=verify)
    pool = DesiredGroup(POOL, origin, WORKER, count, LaunchSettings("t3.micro"))
    return Desired("lab", "/specs", {"cloud": Service("cloud", "us-east-1")}, (worker,), (pool,))


def ids(made: Plan) -> list[str]:
    return [change.id for change in made.changes]


def recorded(verdict: Verdict, letter: str = "b") -> Records:
    return Records(
        verdicts=(VerdictRecord(WORKER, str(version(letter)), TRIAL, verdict, 1.0, "tcp 22: refused"),)
    )


def test_a_new_image_is_tried_between_staging_and_launching() -> None:
    made = plan_of()
    assert ids(made) == ["stage cloud/worker", "verify cloud/worker", "launch cloud/pool"]
    verify, launch = made.changes[1:]
    assert verify.depends_on == ("stage cloud/worker",)
    assert set(launch.depends_on) == {"stage cloud/worker", "verify cloud/worker"}
    assert isinstance(verify.work, VerifyWork)
    assert verify.work.verify_hash == TRIAL


def test_what_passed_is_not_tried_again() -> None:
    known = (image("b", f"passed:{TRIAL}"), snapshot("b"), machine("i-1", "b"), machine("i-2", "b"))
    assert plan_of(*known).changes == ()


def test_a_changed_block_is_tried_and_machines_go_on_meanwhile() -> None:
    made = plan_of(image("b", "passed:older"), snapshot("b"), machine("i-1", "b"), machine("i-2", "b"))
    assert ids(made) == ["verify cloud/worker"]
    assert made.changes[0].reason == "verify block changed"


def test_new_content_is_tried_before_machines_move_and_the_old_version_goes() -> None:
    made = plan_of(image("a", "passed:t0"), snapshot("a"), machine("i-1", "a"), machine("i-2", "a"))
    assert ids(made) == [
        "stage cloud/worker",
        "verify cloud/worker",
        "replace cloud/pool",
        "unstage cloud/worker ami-a",
    ]
    assert "verify cloud/worker" in made.changes[2].depends_on
    assert {"verify cloud/worker", "replace cloud/pool"} <= set(made.changes[3].depends_on)


def test_the_version_to_go_back_to_is_one_that_passed() -> None:
    old = image("a", "passed:t0", "2026-01-01"), image("c", "passed:t0", "2026-01-02")
    unsure = image("d", "expired:t0", "2026-01-03")
    snapshots = tuple(map(snapshot, "acd"))
    desired = spec(0, VERIFY)
    worker = replace(desired.images[0], keep=1)
    made = make_plan(
        replace(desired, images=(worker,)),
        {WORKER: Disk("b" * 64, GIB, 1)},
        Observation({"cloud": service_state(*old, unsure, *snapshots, at=NOW)}),
        NO_RECORDS,
        now=NOW,
        verify_hashes={WORKER: TRIAL},
    )
    gone = [one.id for one in made.changes if one.action is Action.UNSTAGE]
    assert gone == ["unstage cloud/worker ami-a", "unstage cloud/worker ami-d"]


def test_a_group_heals_from_the_last_good_version_and_moves_once_the_new_one_passed() -> None:
    made = plan_of(image("a", "passed:t0"), snapshot("a"), machine("i-1", "a"))
    launch = next(change for change in made.changes if change.action is Action.LAUNCH)
    move = next(change for change in made.changes if change.action is Action.REPLACE)
    assert isinstance(launch.work, LaunchWork)
    assert isinstance(move.work, ReplaceWork)
    assert launch.depends_on == ()
    assert launch.work.image.id == "ami-a"
    assert launch.work.tags["extenci:version"] == str(version("a"))
    assert move.work.launched_by == launch.id
    assert {launch.id, "verify cloud/worker"} <= set(move.depends_on)
    assert move.count == 2
    gone = next(change for change in made.changes if change.action is Action.UNSTAGE)
    assert move.id in gone.depends_on


def test_a_version_that_failed_is_not_uploaded_again_and_its_group_goes_on() -> None:
    made = plan_of(
        image("a", "passed:t0"), snapshot("a"), machine("i-1", "a"), records=recorded(Verdict.FAILED)
    )
    assert ids(made) == ["launch cloud/pool"]
    assert isinstance(made.changes[0].work, LaunchWork)
    assert made.changes[0].work.image.id == "ami-a"
    (blocked,) = made.blocked
    assert blocked.action is Action.VERIFY
    assert not blocked.waits
    assert "tcp 22: refused" in blocked.reason
    assert "extenci verify cloud/worker" in blocked.reason


def test_without_a_good_version_nothing_is_launched_and_the_plan_says_why() -> None:
    made = plan_of(records=recorded(Verdict.FAILED))
    assert made.changes == ()
    assert {one.action for one in made.blocked} == {Action.VERIFY, Action.LAUNCH}


def test_a_failed_version_that_is_still_staged_goes_unless_it_is_to_be_kept() -> None:
    things = (
        image("a", "passed:t0"),
        image("b", f"failed:{TRIAL}", "2026-02-01"),
        snapshot("a"),
        snapshot("b"),
    )
    machines = (machine("i-1", "a"), machine("i-2", "a"))
    assert ids(plan_of(*things, *machines)) == ["unstage cloud/worker ami-b"]
    kept = plan_of(*things, *machines, verify=replace(VERIFY, keep_on_failure=True))
    assert ids(kept) == []


def test_a_version_in_use_is_never_unstaged() -> None:
    made = plan_of(image("b", f"failed:{TRIAL}"), snapshot("b"), machine("i-1", "b"), machine("i-2", "b"))
    assert ids(made) == []
    assert any("stays" in warning for warning in made.warnings)


def test_a_version_that_waits_blocks_what_depends_on_it_until_a_person_answers() -> None:
    things = (image("a", "passed:t0"), image("b", f"waiting:{TRIAL}"), snapshot("a"), snapshot("b"))
    made = plan_of(
        *things, trial_vm("b", NOW + 60, verdict=f"waiting:{TRIAL}"), machine("i-1", "a"), machine("i-2", "a")
    )
    assert made.changes == ()
    (blocked,) = made.blocked
    assert blocked.waits
    assert "192.0.2.7" in blocked.reason
    assert "extenci confirm cloud/worker --yes" in blocked.reason


def test_a_test_vm_that_nobody_answered_for_is_ended_and_its_version_held_back() -> None:
    things = (image("a", "passed:t0"), image("b", f"waiting:{TRIAL}"), snapshot("a"), snapshot("b"))
    made = plan_of(
        *things, trial_vm("b", NOW - 60, verdict=f"waiting:{TRIAL}"), machine("i-1", "a"), machine("i-2", "a")
    )
    assert ids(made) == ["terminate cloud/worker i-test"]
    assert "in time" in made.blocked[0].reason
    assert not made.blocked[0].waits


def test_what_a_killed_run_left_is_ended_and_what_another_is_at_work_on_is_not() -> None:
    things = (image("b", f"passed:{TRIAL}"), snapshot("b"), machine("i-1", "b"), machine("i-2", "b"))
    alive = plan_of(*things, trial_vm("b", NOW + 60))
    assert ids(alive) == []
    dead = plan_of(*things, trial_vm("b", NOW + 60), records=Records(finished_runs=frozenset({"run"})))
    assert ids(dead) == ["terminate cloud/worker i-test"]


def test_destroy_ends_test_vms_before_their_image_goes() -> None:
    made = plan_of(image("b"), snapshot("b"), trial_vm("b", NOW + 60), destroy=True)
    assert ids(made) == ["terminate cloud/worker i-test", "unstage cloud/worker ami-b"]
    assert made.changes[1].depends_on == ("terminate cloud/worker i-test",)


def test_asked_for_again_a_verdict_does_not_count_and_nothing_else_is_done() -> None:
    made = plan_of(image("b", f"failed:{TRIAL}"), snapshot("b"), again=frozenset({WORKER}))
    assert ids(verifications_only(made, frozenset({WORKER}))) == ["verify cloud/worker"]


@pytest.mark.parametrize("works", [True, False])
def test_an_answer_is_for_the_version_that_waits(works: bool) -> None:
    state = ServiceState(
        "cloud",
        NOW,
        (image("a", "passed:t0"), image("b", "waiting:t9")),
        (),
        (trial_vm("b", NOW + 60, verdict="waiting:t9"),),
    )
    made = plan_confirm(spec(2, VERIFY), Observation({"cloud": state}), Records(), NOW, WORKER, works)
    (change,) = made.changes
    work = change.work
    assert isinstance(work, ConfirmWork)
    assert (work.image, work.verify_hash, work.works) == ("ami-b", "t9", works)
    assert work.machines == (MachineHandle("i-test"),)
    assert work.key_pairs == ("extenci-test-abc",)


def confirmed(
    *things: Image | Snapshot | Machine, works: bool, records: Records = NO_RECORDS, verify: Verify = VERIFY
) -> list[object]:
    state = service_state(*things, at=NOW)
    made = plan_confirm(spec(2, verify), Observation({"cloud": state}), records, NOW, WORKER, works)
    return [change.work for change in made.changes]


def test_an_answer_that_was_recorded_is_carried_out_by_the_same_command() -> None:
    vm = trial_vm("b", NOW - 60, verdict="waiting:t9")
    (yes,) = confirmed(image("b", "passed:t9"), snapshot("b"), vm, works=True)
    (no,) = confirmed(image("b", "failed:t9"), snapshot("b"), vm, works=False)
    for work in (yes, no):
        assert isinstance(work, ConfirmWork)
        assert (work.image, work.verify_hash, work.machines) == ("ami-b", "t9", (MachineHandle("i-test"),))
    assert confirmed(image("b", "passed:t9"), snapshot("b"), works=True) == []
    (rest,) = confirmed(image("b", "failed:t9"), snapshot("b"), works=False)
    assert isinstance(rest, ConfirmWork)
    kept = replace(VERIFY, keep_on_failure=True)
    assert confirmed(image("b", "failed:t9"), snapshot("b"), works=False, verify=kept) == []


def test_a_no_is_carried_out_to_the_snapshot() -> None:
    said = VerdictRecord(WORKER, str(version("b")), "t9", Verdict.FAILED, NOW)
    records = Records(verdicts=(said,))
    good = image("a", "passed:t9")
    assert confirmed(good, snapshot("a"), snapshot("b"), works=False, records=records) == [
        UnstageWork(None, ("snap-b",))
    ]
    assert confirmed(good, snapshot("a"), works=False, records=records) == []
    with pytest.raises(PlanError, match="has the verdict failed already"):
        confirmed(good, snapshot("a"), snapshot("b"), works=True, records=records)


@pytest.mark.parametrize("works", [True, False])
def test_the_other_answer_is_refused(works: bool) -> None:
    vm = trial_vm("b", NOW + 60, verdict="waiting:t9")
    with pytest.raises(PlanError, match="already, so it does not wait for"):
        confirmed(image("b", "failed:t9" if works else "passed:t9"), snapshot("b"), vm, works=works)


def test_of_two_versions_that_wait_the_newest_is_answered_for() -> None:
    images = (image("a", "waiting:t1", "2026-02-02"), image("b", "waiting:t1", "2026-03-03"))
    vms = (trial_vm("a", NOW + 60, verdict="waiting:t1"), trial_vm("b", NOW + 60, verdict="waiting:t1"))
    state = ServiceState("cloud", NOW, images, (), vms)
    made = plan_confirm(spec(2, VERIFY), Observation({"cloud": state}), NO_RECORDS, NOW, WORKER, True)
    work = made.changes[0].work
    assert isinstance(work, ConfirmWork)
    assert work.image == "ami-b"


def test_nobody_can_answer_once_the_time_is_up_or_for_a_trial_that_is_at_work() -> None:
    at_work = trial_vm("b", NOW + 60)
    late = trial_vm("b", NOW - 60, verdict="waiting:t1")
    for vm in (at_work, late):
        state = ServiceState("cloud", NOW, (image("b", "waiting:t1"),), (), (vm,))
        with pytest.raises(PlanError, match="waits"):
            plan_confirm(spec(2, VERIFY), Observation({"cloud": state}), NO_RECORDS, NOW, WORKER, True)


def test_a_test_vm_whose_person_has_answered_or_that_was_kept_is_treated_so() -> None:
    things = (image("b", f"passed:{TRIAL}"), snapshot("b"), machine("i-1", "b"), machine("i-2", "b"))
    over = Records(finished_runs=frozenset({"run"}))
    answered = plan_of(*things, trial_vm("b", NOW + 60, verdict=f"waiting:{TRIAL}"), records=over)
    assert [change.reason for change in answered.changes] == ["test VM: answered"]
    kept = plan_of(*things, trial_vm("b", NOW + 60, verdict=f"failed:{TRIAL}"), records=over)
    assert kept.changes == ()


def test_a_trial_of_another_home_that_is_at_work_is_left_alone_when_it_is_asked_for_again() -> None:
    made = plan_of(
        image("b", f"passed:{TRIAL}"), snapshot("b"), trial_vm("b", NOW + 60), again=frozenset({WORKER})
    )
    assert "terminate cloud/worker i-test" not in ids(made)


def test_what_waited_and_was_removed_is_tried_anew() -> None:
    assert "verify cloud/worker" in ids(plan_of(records=recorded(Verdict.WAITING)))


def with_verify(plan: Plan, verify: Verify, verify_hash: str) -> Plan:
    (change,) = (one for one in plan.changes if isinstance(one.work, VerifyWork))
    assert isinstance(change.work, VerifyWork)
    work = replace(change.work, verify=verify, verify_hash=verify_hash)
    changes = tuple(replace(one, work=work) if one is change else one for one in plan.changes)
    return replace(plan, changes=changes)


def test_a_saved_plan_says_what_of_a_verify_block_changed() -> None:
    saved = plan_of(image("b"), snapshot("b"), verify=replace(VERIFY, checks=(TcpCheck(22),)))
    other = with_verify(saved, replace(VERIFY, timeout=60, checks=(TcpCheck(23),)), "t2")
    changed = "verify.checks[0].tcp 22 → 23 and verify.timeout 600 → 60"
    assert compare_plans(saved, other, frozenset(), frozenset()) == Stale(
        (f"verify cloud/worker: its verify block changed: {changed}",)
    )
    same_block = with_verify(saved, replace(VERIFY, checks=(TcpCheck(22),)), "t2")
    assert compare_plans(saved, same_block, frozenset(), frozenset()) == Stale(
        ("verify cloud/worker: a file that its checks use changed",)
    )


def test_a_changed_block_is_shown_by_its_fields_where_the_last_one_is_known() -> None:
    known = (image("b", "passed:older"), snapshot("b"))
    before = replace(VERIFY, checks=(TcpCheck(22),))
    desired = spec(0, before).images[0]
    records = Records(applied={WORKER: AppliedRecord(WORKER, desired_fields(desired), 1.0)})
    after = replace(VERIFY, timeout=60, checks=(TcpCheck(22), TcpCheck(80)))
    (change,) = plan_of(*known, count=0, verify=after, records=records).changes
    assert change.fields == (
        FieldChange("verify.checks[1]", None, {"tcp": 80}),
        FieldChange("verify.timeout", 600, 60),
    )
    (unknown,) = plan_of(*known, count=0, verify=after).changes
    assert unknown.fields == ()


def test_a_block_as_fields_is_the_same_once_it_was_recorded() -> None:
    block = replace(VERIFY, root="/specs", checks=(RunCheck(("/specs/goss.sh", "-v"), "/specs"),))
    fields = desired_fields(spec(0, block).images[0])
    assert json.loads(json.dumps(fields)) == fields

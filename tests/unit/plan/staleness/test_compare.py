"""Saved plans against what is to be done now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from extenci.model.desired import Origin
from extenci.model.plan import Plan
from extenci.plan.staleness.compare import AlreadyApplied, Continues, Fresh, Stale, compare_plans
from tests.unit.plan.scenery import Body, build_case

NOTHING = frozenset[str]()
SPECS: Body = {"images": {"worker": {"disk": "B"}}, "instances": {"pool": {"image": "worker", "count": 3}}}
OLD: Body = {
    "images": {"ami-1": {"of": "worker", "disk": "A", "snapshots": ["snap-1"]}},
    "snapshots": {"snap-1": {"of": "worker", "disk": "A"}},
    "machines": {"i-1..i-3": {"of": "pool", "image": "ami-1", "disk": "A"}},
}
NEW_IMAGE: Body = {"ami-2": {"of": "worker", "disk": "B", "snapshots": ["snap-2"]}}
NEW_SNAPSHOT: Body = {"snap-2": {"of": "worker", "disk": "B"}}
NEW_MACHINE: Body = {"of": "pool", "image": "ami-2", "disk": "B"}
OLD_MACHINE: Body = {"of": "pool", "image": "ami-1", "disk": "A"}


def plan_of(there: Body, specs: Body = SPECS, **more: Any) -> Plan:
    return build_case("", {"specs": specs, "there": there, **more}).plan()


def with_new(**machines: Body) -> dict[str, Any]:
    """The old state with the new version staged, and these machines."""
    return {
        "images": {**OLD["images"], **NEW_IMAGE},
        "snapshots": {**OLD["snapshots"], **NEW_SNAPSHOT},
        "machines": machines,
    }


SAVED = plan_of(OLD)
STAGE, REPLACE, UNSTAGE = (change.id for change in SAVED.changes)


def compare(there: Body, begun: set[str], done: set[str], saved: Plan = SAVED, specs: Body = SPECS) -> object:
    return compare_plans(saved, plan_of(there, specs), frozenset(begun | done), frozenset(done))


def differences(verdict_status: object) -> tuple[str, ...]:
    assert isinstance(verdict_status, Stale)
    return verdict_status.differences


def test_the_same_plan_is_fresh() -> None:
    assert compare(OLD, set(), set()) == Fresh()


def test_a_plan_of_nothing_is_fresh_while_there_is_nothing_to_do() -> None:
    nothing = plan_of({}, specs={})
    assert compare_plans(nothing, nothing, NOTHING, NOTHING) == Fresh()


def test_times_hosts_and_lines_in_the_specs_do_not_count() -> None:
    older = {**OLD, "machines": {"i-1..i-3": {**OLD_MACHINE, "age": 86_400}}}
    case = build_case("", {"specs": SPECS, "there": older})
    moved = tuple(replace(spec, origin=Origin("moved.yaml", 9, 9)) for spec in case.desired.instances)
    fresh = replace(case, desired=replace(case.desired, instances=moved)).plan()
    assert compare_plans(SAVED, fresh, NOTHING, NOTHING) == Fresh()


def test_pending_machines_are_as_good_as_running_ones() -> None:
    specs: Body = {
        "images": {"worker": {"disk": "A"}},
        "instances": {"pool": {"image": "worker", "count": 5}},
    }
    starting = {**OLD, "machines": {"i-1..i-3": {**OLD_MACHINE, "state": "pending", "age": 60}}}
    assert compare(starting, set(), set(), plan_of(OLD, specs), specs) == Fresh()


def test_everything_done_is_already_applied() -> None:
    done = {
        "images": NEW_IMAGE,
        "snapshots": NEW_SNAPSHOT,
        "machines": {"i-4..i-6": NEW_MACHINE},
    }
    assert compare(done, set(), {STAGE, REPLACE, UNSTAGE}) == AlreadyApplied()
    assert compare(done, set(), set()) == AlreadyApplied(), "whoever did it"


def test_what_is_done_is_left_out_of_the_rest() -> None:
    there = with_new(**{"i-1..i-3": OLD_MACHINE})
    assert compare(there, set(), {STAGE}) == Continues(plan_of(there))


def test_an_upload_that_was_begun_goes_on() -> None:
    pending = {"snap-2": {"of": "worker", "disk": "B", "state": "pending"}}
    there = {**OLD, "snapshots": {**OLD["snapshots"], **pending}}
    assert compare(there, {STAGE}, set()) == Continues(plan_of(there))


def test_an_upload_that_nobody_of_ours_began_makes_a_plan_stale() -> None:
    pending = {"snap-2": {"of": "worker", "disk": "B", "state": "pending"}}
    there = {**OLD, "snapshots": {**OLD["snapshots"], **pending}}
    assert differences(compare(there, set(), set())) == (
        "stage sandbox/worker: now stage (upload was interrupted)",
    )


def test_a_stage_that_was_begun_may_have_become_a_register() -> None:
    there = {**OLD, "snapshots": {**OLD["snapshots"], **NEW_SNAPSHOT}}
    assert compare(there, {STAGE}, set()) == Continues(plan_of(there))
    assert differences(compare(there, set(), set())) == (
        "stage sandbox/worker: now register (content is already on the service)",
    )


def test_what_is_made_from_an_upload_may_be_made_from_its_snapshot_now() -> None:
    specs: Body = {"images": {"one": {"disk": "A"}, "two": {"disk": "A"}}}
    saved = plan_of({}, specs)
    there = {"snapshots": {"snap-1": {"of": "one", "disk": "A"}}}
    assert compare(there, {"stage sandbox/one"}, set(), saved, specs) == Continues(plan_of(there, specs))
    assert differences(compare(there, set(), set(), saved, specs)) == (
        "stage sandbox/one: now register (content is already on the service)",
        "register sandbox/two: now register (content is already on the service)",
    )


def test_leftovers_of_a_stage_that_was_begun_may_be_removed() -> None:
    there = {
        **OLD,
        "snapshots": {
            **OLD["snapshots"],
            "snap-2": {"of": "worker", "disk": "B", "state": "error"},
        },
    }
    assert compare(there, {STAGE}, set()) == Continues(plan_of(there))
    assert differences(compare(there, set(), set())) == ("unstage sandbox/worker snap-2: needed now",)


def test_a_replacement_stopped_with_both_machines_running_goes_on() -> None:
    there = with_new(**{"i-1..i-3": OLD_MACHINE, "i-4": NEW_MACHINE})
    fresh = plan_of(there)
    assert {change.action for change in fresh.changes} == {"terminate", "replace", "unstage"}
    assert compare(there, {REPLACE}, {STAGE}) == Continues(fresh)


def test_a_replacement_stopped_with_a_machine_missing_goes_on() -> None:
    there = with_new(**{"i-2..i-3": OLD_MACHINE})
    fresh = plan_of(there)
    assert {change.action for change in fresh.changes} == {"launch", "replace", "unstage"}
    assert compare(there, {REPLACE}, {STAGE}) == Continues(fresh)


def test_a_machine_missing_before_anything_was_begun_makes_a_plan_stale() -> None:
    there = {**OLD, "machines": {"i-2..i-3": OLD_MACHINE}}
    assert differences(compare(there, set(), set())) == (
        "launch sandbox/pool: count 0, now 1",
        "replace sandbox/pool: 3 machines, now 2",
    )


def test_other_machines_of_the_same_number_make_a_plan_stale() -> None:
    there = {**OLD, "machines": {"i-1..i-2": OLD_MACHINE, "i-9": OLD_MACHINE}}
    assert differences(compare(there, set(), set())) == ("replace sandbox/pool: i-03, now i-9",)


def test_a_replacement_that_was_begun_may_not_grow() -> None:
    there = with_new(**{"i-1..i-3": OLD_MACHINE, "i-9": OLD_MACHINE})
    assert differences(compare(there, {REPLACE}, {STAGE})) == (
        "replace or terminate sandbox/pool: now also i-9",
    )


def test_a_launch_that_was_begun_may_be_smaller_but_not_larger() -> None:
    specs: Body = {
        "images": {"worker": {"disk": "A"}},
        "instances": {"pool": {"image": "worker", "count": 8}},
    }
    saved = plan_of(OLD, specs)
    launch = "launch sandbox/pool"
    some = {**OLD, "machines": {"i-1..i-5": OLD_MACHINE}}
    fewer = {**OLD, "machines": {"i-1..i-2": OLD_MACHINE}}
    assert compare(some, {launch}, set(), saved, specs) == Continues(plan_of(some, specs))
    assert differences(compare(some, set(), set(), saved, specs)) == (f"{launch}: count 5, now 3",)
    assert differences(compare(fewer, {launch}, set(), saved, specs)) == (f"{launch}: count 5, now 6",)


def test_what_was_done_and_is_undone_makes_a_plan_stale() -> None:
    done = {
        "images": NEW_IMAGE,
        "snapshots": NEW_SNAPSHOT,
        "machines": {"i-4..i-5": NEW_MACHINE},
    }
    assert differences(compare(done, set(), {STAGE, REPLACE, UNSTAGE})) == (
        "launch sandbox/pool: count 0, now 1",
    )
    gone = {"machines": {"i-4..i-6": NEW_MACHINE}}
    assert differences(compare(gone, set(), {STAGE, REPLACE, UNSTAGE})) == (
        "stage sandbox/worker: was done, and is needed again (not staged)",
    )


def test_other_settings_make_a_plan_stale() -> None:
    specs: Body = {**SPECS, "instances": {"pool": {"image": "worker", "count": 3, "type": "m5.large"}}}
    assert differences(compare(OLD, set(), set(), specs=specs)) == (
        "sandbox/pool: machines would be launched with other settings: type t3.micro → m5.large",
    )


def test_another_version_makes_a_plan_stale() -> None:
    specs: Body = {**SPECS, "images": {"worker": {"disk": "C"}}}
    found = differences(compare(OLD, set(), set(), specs=specs))
    assert len(found) == 2
    assert found[0].startswith("stage sandbox/worker: version ")


def test_other_tags_of_an_image_make_a_plan_stale() -> None:
    specs: Body = {**SPECS, "images": {"worker": {"disk": "B", "tags": {"team": "physics"}}}}
    found = differences(compare(OLD, set(), set(), specs=specs))
    assert "stage sandbox/worker: other tags now: tags.team none → physics" in found


def test_an_image_not_needed_any_more_makes_a_plan_stale() -> None:
    there = with_new(**{"i-1..i-3": OLD_MACHINE})
    assert differences(compare(there, set(), set())) == ("stage sandbox/worker: not needed any more",)


def test_an_old_version_that_is_used_now_makes_a_plan_stale() -> None:
    specs: Body = {"images": {"worker": {"disk": "B"}, "other": {"disk": "C"}}}
    there = {"images": {**OLD["images"], **NEW_IMAGE}}
    saved = plan_of(there, specs)
    used = {**there, "machines": {"i-8": {"of": "hand", "image": "ami-1", "role": "manual"}}}
    assert differences(compare(used, set(), set(), saved, specs)) == (
        "unstage sandbox/worker ami-1: not needed any more",
    )


def test_an_unstage_that_was_begun_may_have_only_its_snapshot_left() -> None:
    there = {
        "images": NEW_IMAGE,
        "snapshots": {**OLD["snapshots"], **NEW_SNAPSHOT},
        "machines": {"i-4..i-6": NEW_MACHINE},
    }
    assert compare(there, {UNSTAGE}, {STAGE, REPLACE}) == Continues(plan_of(there))


def test_something_else_to_remove_makes_a_plan_stale() -> None:
    there = {**OLD, "images": {**OLD["images"], "ami-7": {"of": "gone", "disk": "C"}}}
    assert differences(compare(there, set(), set())) == ("unstage sandbox/gone ami-7: needed now",)


def test_tags_are_compared_thing_by_thing() -> None:
    specs: Body = {"images": {"worker": {"disk": "A", "tags": {"team": "physics"}}}}
    there: Body = {
        "images": {"ami-1": {"of": "worker", "disk": "A", "snapshots": ["snap-1"]}},
        "snapshots": OLD["snapshots"],
    }
    half = {
        "images": {"ami-1": {**OLD["images"]["ami-1"], "tags": {"team": "physics"}}},
        "snapshots": OLD["snapshots"],
    }
    saved = plan_of(there, specs)
    update = "update sandbox/worker"
    assert [change.id for change in saved.changes] == [update]
    assert compare(half, {update}, set(), saved, specs) == Continues(plan_of(half, specs))
    assert differences(compare(half, set(), set(), saved, specs)) == (
        "tags of sandbox/worker ami-1: not to be changed any more",
    )
    other: Body = {"images": {"worker": {"disk": "A", "tags": {"team": "maths"}}}}
    assert differences(compare(there, {update}, set(), saved, other)) == (
        "tags of sandbox/worker ami-1: other tags now: team physics → maths",
        "tags of sandbox/worker snap-1: other tags now: team physics → maths",
    )


def test_something_in_the_way_now_makes_a_plan_stale() -> None:
    specs: Body = {**SPECS, "images": {"worker": {}}}
    found = differences(compare({}, set(), set(), plan_of({}), specs))
    assert found[-2].startswith("launch sandbox/pool: blocked now: ")
    assert found[-1].startswith("stage sandbox/worker: blocked now: ")


def test_what_was_in_the_way_before_is_no_difference() -> None:
    specs: Body = {"images": {"worker": {}, "other": {"disk": "A"}}}
    assert compare({}, set(), set(), plan_of({}, specs), specs) == Fresh()


def test_a_removal_stopped_halfway_goes_on() -> None:
    saved = plan_of(OLD, {})
    there = {**OLD, "machines": {"i-03": OLD_MACHINE}}
    assert compare(there, {"terminate sandbox/pool"}, set(), saved, {}) == Continues(plan_of(there, {}))
    assert differences(compare(there, set(), set(), saved, {})) == (
        "terminate sandbox/pool: 3 machines, now 1",
    )


# Groups that HTCondor launches.

QUEUED: Body = {"of": "pool", "image": "ami-1", "disk": "A", "type": "t3.micro", "age": 300}
BORN: Body = {"of": "pool", "image": "ami-1", "disk": "A", "age": 5}
IMAGES: Body = {"ami-1": {"of": "worker", "disk": "A"}}


def condor_specs(count: int, **more: Any) -> Body:
    group = {"image": "worker", "launch": "condor", "count": count, **more}
    return {"images": {"worker": {"disk": "A"}}, "instances": {"pool": group}}


def queue_of(jobs: Body, **machines: Body) -> Body:
    return {"images": IMAGES, "jobs": jobs, "machines": machines}


WAITING = queue_of({"7.0": QUEUED, "7.1": QUEUED, "7.2": QUEUED})
ONE_STARTED = queue_of(
    {"7.0": QUEUED, "7.1": {**QUEUED, "machine": "i-1"}, "7.2": QUEUED},
    **{"i-1": {**BORN, "state": "pending"}},
)
ONE_RUNNING = queue_of(
    {
        "7.0": QUEUED,
        "7.1": {**QUEUED, "queued": 300, "age": 2, "state": "running", "machine": "i-1"},
        "7.2": QUEUED,
    },
    **{"i-1": BORN},
)


def test_a_queued_job_that_got_its_machine_makes_no_plan_stale() -> None:
    for specs in (condor_specs(5), condor_specs(2), condor_specs(3, type="m5.large"), condor_specs(1)):
        saved = plan_of(WAITING, specs)
        assert saved.changes
        for now in (ONE_STARTED, ONE_RUNNING):
            assert compare(now, set(), set(), saved, specs) == Fresh()
            back = plan_of(now, specs)
            assert compare_plans(back, saved, NOTHING, NOTHING) == Fresh()


def test_a_group_that_goes_may_get_machines_meanwhile() -> None:
    saved = plan_of(WAITING, {})
    assert compare(ONE_RUNNING, set(), set(), saved, {}) == Fresh()


def test_a_job_that_was_stuck_and_got_its_machine_makes_a_plan_stale() -> None:
    specs = condor_specs(2, launch_timeout=200)
    saved = plan_of(queue_of({"7.0": QUEUED}), specs)
    now = queue_of({"7.0": {**QUEUED, "machine": "i-1"}}, **{"i-1": {**BORN, "state": "pending"}})
    assert differences(compare(now, set(), set(), saved, specs)) == (
        "replace sandbox/pool: 1 machine, now 0",
    )


def test_a_job_that_was_held_meanwhile_makes_a_plan_stale() -> None:
    specs = condor_specs(4)
    saved = plan_of(WAITING, specs)
    now = queue_of({"7.0": QUEUED, "7.1": {**QUEUED, "hold": [1, 0]}, "7.2": QUEUED})
    assert differences(compare(now, set(), set(), saved, specs)) == (
        "replace sandbox/pool: 0 machines, now 1",
    )


def test_a_launch_that_was_cut_off_goes_on_with_the_jobs_that_are_queued() -> None:
    specs = condor_specs(5)
    saved = plan_of(queue_of({}), specs)
    (launch,) = (change.id for change in saved.changes)
    assert isinstance(compare(WAITING, {launch}, set(), saved, specs), Continues)


def test_a_machine_that_was_launched_and_not_tagged_before_the_end_makes_no_plan_stale() -> None:
    specs = {**condor_specs(2), "services": {"sandbox": {"tags": "after"}}}
    saved = plan_of(queue_of({}), specs)
    (launch,) = (change.id for change in saved.changes)
    untagged = queue_of(
        {"7.0": {**QUEUED, "state": "running", "machine": "i-1"}, "7.1": QUEUED},
        **{"i-1": {**BORN, "untagged": True}},
    )
    assert isinstance(compare(untagged, {launch}, set(), saved, specs), Continues)
    nothing_begun = plan_of(queue_of({"7.0": QUEUED}), specs)
    assert differences(compare(untagged, set(), set(), nothing_begun, specs)) == (
        "launch sandbox/pool: count 1, now 0",
        "tags of sandbox/pool i-1: needed now",
    )

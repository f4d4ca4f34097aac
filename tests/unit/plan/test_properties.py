"""What holds for every plan, tried on generated specs and states with a model of the cloud."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extenci.model.observed import JobState, Machine, Observation
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.work import AdoptWork, ReplaceWork, StageWork, TerminateWork, UnstageWork, UpdateWork
from extenci.plan.commands.status import make_status
from extenci.plan.planner import make_plan
from extenci.plan.staleness.compare import AlreadyApplied, Continues, Fresh, compare_plans
from tests.unit.plan.cloud_model import Cloud
from tests.unit.plan.scenery import NOW, STACK, show_plan
from tests.unit.plan.worlds import World, worlds

T = TypeVar("T")
EXAMPLES = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def plan_of(world: World, observation: Observation | None = None, destroy: bool = False) -> Plan:
    return make_plan(
        world.desired,
        world.disks,
        observation or world.observation,
        world.records,
        now=NOW,
        destroy=destroy,
    )


def blocks(plan: Plan) -> set[tuple[object, ...]]:
    return {(one.address, one.kind, one.action) for one in plan.blocked}


def settles(world: World) -> bool:
    """Whether some machine or job is too young to be judged, or yet to start a machine that nobody can look
    at now, so that the rest is for a later plan."""
    return any(is_unsettled(machine) for machine in world.state.machines)


def is_unsettled(machine: Machine) -> bool:
    if machine.job is not None:
        return machine.job.state is JobState.IDLE or NOW - machine.job.entered < 180
    is_young = NOW - machine.launched < 180
    return is_young and not machine.state.is_gone


def cloud_of(world: World, roomy: bool = False) -> Cloud:
    return Cloud.of(STACK, world.state, world.tagging, roomy, world.orders)


def finish(world: World, cloud: Cloud, destroy: bool) -> Plan:
    """Plan and apply until nothing is left: at once, or after what settles has settled."""
    for _ in range(2 if settles(world) else 1):
        cloud.apply(plan_of(world, cloud.observe(), destroy))
    return plan_of(world, cloud.observe(), destroy)


@given(worlds(), st.booleans(), st.booleans())
@EXAMPLES
def test_applying_a_plan_leaves_nothing_to_do(world: World, roomy: bool, destroy: bool) -> None:
    cloud = cloud_of(world, roomy)
    first = plan_of(world, destroy=destroy)
    cloud.apply(first)
    last = finish(world, cloud, destroy) if settles(world) else plan_of(world, cloud.observe(), destroy)
    assert last.changes == ()
    assert settles(world) or blocks(last) <= blocks(first)


@given(worlds(), st.booleans(), st.data())
@EXAMPLES
def test_a_plan_that_is_cut_off_anywhere_is_made_up_for_by_the_next(
    world: World, roomy: bool, data: st.DataObject
) -> None:
    cloud = cloud_of(world, roomy)
    plan = plan_of(world)
    cut = [change.id for change in plan.changes if data.draw(st.booleans())]
    cloud.apply(plan, cut)
    last = finish(world, cloud, destroy=False)
    assert last.changes == (), show_plan(last)


@given(worlds(), st.data())
@EXAMPLES
def test_a_saved_plan_that_is_cut_off_goes_on(world: World, data: st.DataObject) -> None:
    if settles(world):
        return
    cloud = cloud_of(world)
    saved = plan_of(world)
    cut = [change.id for change in saved.changes if data.draw(st.integers(0, 3)) == 0]
    done = cloud.apply(saved, cut)
    verdict_status = compare_plans(saved, plan_of(world, cloud.observe()), frozenset(cut) | done, done)
    if not saved.changes:
        assert verdict_status == Fresh()
    else:
        assert isinstance(verdict_status, Continues | AlreadyApplied), verdict_status


@given(worlds(), st.booleans(), st.randoms(use_true_random=False))
@EXAMPLES
def test_the_order_of_the_inputs_makes_no_difference(world: World, destroy: bool, random: Random) -> None:
    def shuffled(things: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(random.sample(things, len(things)))

    state = replace(
        world.state,
        images=shuffled(world.state.images),
        snapshots=shuffled(world.state.snapshots),
        machines=shuffled(world.state.machines),
    )
    other = replace(
        world,
        desired=replace(
            world.desired, images=shuffled(world.desired.images), instances=shuffled(world.desired.instances)
        ),
        disks=dict(shuffled(tuple(world.disks.items()))),
        observation=Observation({"sandbox": state}),
        records=replace(world.records, resources=shuffled(world.records.resources)),
    )
    assert plan_of(world, destroy=destroy) == plan_of(other, destroy=destroy)


@given(worlds(), st.booleans())
@EXAMPLES
def test_without_records_the_same_is_done(world: World, destroy: bool) -> None:
    forgetful = replace(world, records=Records())
    assert [essence(change) for change in plan_of(world, destroy=destroy).changes] == [
        essence(change) for change in plan_of(forgetful, destroy=destroy).changes
    ]


def essence(change: Change) -> tuple[object, ...]:
    return change.id, change.action, change.count, change.work, change.depends_on


@given(worlds(), st.booleans())
@EXAMPLES
def test_changes_depend_on_earlier_ones_only(world: World, destroy: bool) -> None:
    done: set[str] = set()
    for change in plan_of(world, destroy=destroy).changes:
        assert change.id not in done
        assert set(change.depends_on) <= done
        done.add(change.id)


@given(worlds(), st.booleans())
@EXAMPLES
def test_only_what_is_owned_and_selected_is_changed(world: World, destroy: bool) -> None:
    state = world.state
    things = {thing.id: thing.marks for thing in state.images}
    things |= {thing.id: thing.marks for thing in state.snapshots}
    things |= {thing.id: thing.marks for thing in state.machines}
    things |= {str(thing.handle): thing.marks for thing in state.machines}
    for change in plan_of(world, destroy=destroy).changes:
        for name in touched(change):
            marks = things[name]
            assert marks is not None
            assert marks.stack == STACK
            assert marks.role == "pool" or (marks.role == "test" and destroy)
            assert world.desired.selection.covers(marks.address)


def touched(change: Change) -> tuple[str, ...]:
    match change.work:
        case TerminateWork(machines=names) | ReplaceWork(machines=names):
            return tuple(map(str, names))
        case UnstageWork(image=image, snapshots=snapshots):
            return (*([image] if image else []), *snapshots)
        case UpdateWork(resources=names) | AdoptWork(resources=names):
            return tuple(map(str, names))
        case _:
            return ()


@given(worlds(), st.booleans())
@EXAMPLES
def test_a_version_that_machines_go_on_running_from_stays(world: World, destroy: bool) -> None:
    cloud = cloud_of(world)
    before = {image.id: image for image in world.state.images}
    plan = plan_of(world, destroy=destroy)
    cloud.apply(plan)
    versions = {image.marks.version for image in cloud.images.values() if image.marks}
    old = {machine.id for machine in world.state.machines}
    for machine in cloud.machines.values():
        if machine.id in old and not machine.state.is_gone and machine.image in before:
            marks = before[machine.image].marks
            assert machine.image in cloud.images or (marks is not None and marks.version in versions)


@given(worlds())
@EXAMPLES
def test_no_content_is_uploaded_twice(world: World) -> None:
    cloud = cloud_of(world)
    cloud.apply(plan_of(world))
    assert len(cloud.uploads) == len(set(cloud.uploads))


@given(worlds())
@EXAMPLES
def test_what_is_whole_on_the_service_is_not_uploaded(world: World) -> None:
    whole = {
        (snapshot.marks.digest, snapshot.gib)
        for snapshot in world.state.snapshots
        if snapshot.marks and snapshot.marks.role == "pool" and snapshot.state == "completed"
    }
    for change in plan_of(world).changes:
        if isinstance(change.work, StageWork):
            version = change.work.version
            assert not any(
                digest == version.digest and gib <= version.registration.gib for digest, gib in whole
            )


@given(worlds(), st.booleans())
@EXAMPLES
def test_nothing_protected_is_removed(world: World, destroy: bool) -> None:
    protected = {spec.address for spec in world.desired.instances if spec.protect}
    machines = {machine.handle: machine for machine in world.state.machines}
    wished = {spec.address for spec in world.desired.instances}
    for change in plan_of(world, destroy=destroy).changes:
        if isinstance(change.work, TerminateWork | ReplaceWork):
            marks = [machines[name].marks for name in change.work.machines]
            if all(one and one.role == "test" for one in marks):
                continue  # test VMs are nobody's pool
            assert change.address not in protected
            assert change.address in wished or not any(one and one.protect for one in marks)


@given(worlds())
@EXAMPLES
def test_replacing_stays_within_what_may_be_missing(world: World) -> None:
    for change in plan_of(world).changes:
        if isinstance(change.work, ReplaceWork):
            allowed = change.work.group.max_unavailable
            assert 1 <= change.work.batch <= (max(1, allowed) if change.work.surge else allowed)


@given(worlds())
@EXAMPLES
def test_status_shows_everything_that_is_owned_and_selected(world: World) -> None:
    status = make_status(world.desired, world.disks, world.observation, world.records)
    shown = {one.id or f"job {one.job}" for group in status.instances for one in group.machines}
    owned = {
        machine.id
        for machine in world.state.machines
        if machine.marks
        and machine.marks.role == "pool"
        and not machine.state.is_gone
        and world.desired.selection.covers(machine.marks.address)
    }
    assert shown == owned

"""Saved plans: applied exactly as they are, gone on with, or refused as stale."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.model.errors import AlreadyApplied, PlanRefused, StalePlan
from extenci.model.observed import SnapshotState
from extenci.model.outcome import Advanced, Progress
from extenci.model.plan import Plan
from tests.system.main_job.conftest import World


def test_a_saved_plan_is_applied_exactly_once(world: World, tmp_path: Path) -> None:
    world.write()
    world.make_disk()
    file = world.save(tmp_path)

    assert api.apply_saved(file, home=world.home).ok
    assert len(world.running()) == 3
    with pytest.raises(AlreadyApplied):
        api.apply_saved(file, home=world.home)


def test_a_saved_plan_is_stale_once_the_disk_or_the_cloud_changed(world: World, tmp_path: Path) -> None:
    world.write()
    world.make_disk()
    file = world.save(tmp_path)
    world.change_byte(b"two")
    with pytest.raises(StalePlan, match="content changed"):
        api.apply_saved(file, home=world.home)
    world.apply()
    world.write(count=5)
    file = world.save(tmp_path)
    world.cloud.unjournalled.ec2.terminate(sorted(world.running())[:1])
    with pytest.raises(StalePlan):
        api.apply_saved(file, home=world.home)


def test_a_saved_plan_does_not_say_where_requests_go(world: World, tmp_path: Path) -> None:
    api.sandbox_service(world.home)
    world.write_service("campus")
    world.write(service="campus")
    world.make_disk()
    file = world.save(tmp_path)
    world.write_service("campus", region="elsewhere")
    with pytest.raises(StalePlan, match="campus: the service is described differently"):
        api.apply_saved(file, home=world.home)
    world.write_service("campus")
    assert api.apply_saved(file, home=world.home).ok


def test_applied_again_without_its_journal_it_is_stale_while_its_machines_are_known(
    world: World, tmp_path: Path
) -> None:
    world.write(count=1)
    world.make_disk()
    world.apply()
    world.write(count=3)
    file = world.save(tmp_path)
    assert api.apply_saved(file, home=world.home).ok
    dead = world.running()
    world.cloud.unjournalled.ec2.terminate(sorted(dead))
    world.write(count=2)  # three are gone: launching two is what a plan of 1 → 3 did
    file = world.save(tmp_path)
    assert api.apply_saved(file, home=world.home).ok
    second = world.running()
    world.cloud.unjournalled.ec2.terminate(sorted(second))
    world.home.database.unlink()

    with pytest.raises(StalePlan, match="applied already, elsewhere: 2 machines of it ended"):
        api.apply_saved(file, home=world.home)
    assert not world.running()


def test_applied_in_another_home_after_a_destroy_it_is_refused_at_once_or_uploads_anew(
    world: World, tmp_path: Path
) -> None:
    api.sandbox_service(world.home)
    other = World(world.folder, Home(tmp_path / "other"))
    for one in (world, other):
        one.write_service("campus", world.home.path)
    world.write(service="campus")
    world.make_disk()
    file = world.save(tmp_path)
    assert api.apply_saved(file, home=other.home).ok
    assert other.apply(destroy=True).ok
    with pytest.raises(StalePlan, match="applied already, elsewhere: 3 machines of it ended"):
        api.apply_saved(file, home=world.home)

    spec = world.specs / "stack.yaml"
    spec.write_text(spec.read_text().partition("instances:")[0])  # images alone leave no trace
    file = world.save(tmp_path)
    assert api.apply_saved(file, home=other.home).ok
    assert other.apply(destroy=True).ok
    begun = time.monotonic()
    assert api.apply_saved(file, home=world.home).ok
    assert time.monotonic() - begun < 60
    (image,) = world.cloud.ec2.images()
    (snapshot,) = world.cloud.ec2.snapshots_by_id(image.snapshots)
    assert snapshot.state is SnapshotState.COMPLETED


def test_the_rest_of_a_plan_is_done_as_it_was_shown_or_not_at_all(world: World, tmp_path: Path) -> None:
    world.write(count=3)
    world.make_disk()
    world.apply()
    old = world.running()
    world.change_byte(b"two")
    file, stop = world.save(tmp_path), Event()

    def stop_at_first_machine(event: Progress) -> None:
        if isinstance(event, Advanced) and event.unit == "machines" and event.done:
            stop.set()

    options = api.Options(listener=stop_at_first_machine, stop=stop)
    assert not api.apply_saved(file, home=world.home, options=options).ok
    assert 0 < len(old & world.running()) < 3

    def lose_one(plan: Plan) -> bool:
        assert plan.summary["replace"] == len(old & world.running())
        world.cloud.unjournalled.ec2.terminate(sorted(old & world.running())[:1])
        return True

    before = world.running()
    with pytest.raises(StalePlan, match="now"):
        api.apply_saved(file, home=world.home, options=api.Options(approve=lose_one))
    assert len(world.running()) == len(before) - 1
    assert api.apply_saved(file, home=world.home, options=api.Options(approve=lambda _plan: True)).ok
    assert world.plan().is_empty


def test_a_plan_saved_with_force_says_so_when_it_is_applied(world: World, tmp_path: Path) -> None:
    api.sandbox_service(world.home)
    world.write_service("campus", limits="{instances: 2}")
    world.write(service="campus")
    world.make_disk()
    with pytest.raises(PlanRefused):
        api.apply_saved(world.save(tmp_path), home=world.home)
    shown: list[Plan] = []

    result = api.apply_saved(
        world.save(tmp_path, force=True), home=world.home, options=api.Options(on_plan=shown.append)
    )

    assert result.ok
    (plan,) = shown
    assert plan.refusals
    assert any("--force" in warning for warning in plan.warnings)


def test_a_renamed_stack_is_warned_of_before_everything_is_made_twice(world: World) -> None:
    world.write(count=1)
    world.make_disk()
    (world.specs / "extenci.yaml").write_text("stack: old\n")
    assert not world.plan().warnings
    assert world.apply().ok
    assert not world.plan().warnings
    (world.specs / "extenci.yaml").write_text("stack: new\n")
    (warning,) = world.plan().warnings
    assert "The stack old has resources at sandbox/pool and sandbox/worker" in warning
    (world.specs / "extenci.yaml").write_text("stack: old\n")
    assert world.apply(destroy=True).ok
    (world.specs / "extenci.yaml").write_text("stack: new\n")
    assert not world.plan().warnings

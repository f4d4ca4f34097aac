"""What goes wrong with jobs and machines: each time a plan says what happened, and an apply mends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import htcondor2
import pytest

from extenci.model.action import Action
from extenci.model.errors import ServiceError
from extenci.model.observed import JobState
from extenci.model.outcome import Advanced, Began, Progress, Status
from extenci.plan.instances import health
from tests.program.command import start_extenci
from tests.system.launch.conftest import World


@pytest.fixture
def schedd(world: World) -> Iterator[World]:
    """A world whose schedd may be stopped; it runs again afterwards."""
    yield world
    if not world.pool.pids("condor_schedd"):
        world.pool.start_schedd()


def act(world: World, action: htcondor2.JobAction, job: str) -> None:
    collector = htcondor2.Collector(world.pool.collector)
    found = collector.locate(htcondor2.DaemonType.Schedd, world.pool.schedd)
    htcondor2.Schedd(found).act(action, [job], "by hand")


def reasons(world: World) -> dict[Action, str]:
    return {change.action: change.reason for change in world.plan().changes}


def test_a_gridmanager_that_is_killed_comes_back(world: World) -> None:
    world.write(count=2)
    assert world.apply().ok
    world.pool.kill_gridmanager()
    world.write(count=3)
    assert world.apply().ok
    world.agree(3)


def test_a_schedd_that_is_restarted_knows_its_jobs_and_no_machine_is_doubled(schedd: World) -> None:
    schedd.write(count=3)
    restarted: list[Progress] = []

    def restart(event: Progress) -> None:
        if isinstance(event, Advanced) and event.unit == "machines" and not restarted:
            restarted.append(event)
            schedd.pool.restart_schedd()

    assert schedd.apply(listener=restart).ok
    assert restarted
    before = set(schedd.running())
    schedd.pool.restart_schedd()
    schedd.agree(3)
    assert set(schedd.running()) == before


def test_a_job_that_is_removed_by_hand_is_made_up_for(world: World) -> None:
    world.write(count=2)
    assert world.apply().ok
    job = world.jobs()[0]
    act(world, htcondor2.JobAction.Remove, job.id)
    world.until(lambda: len(world.running()) == 1 and len(world.jobs()) == 1)
    assert reasons(world) == {Action.LAUNCH: "1 machine gone"}
    assert world.apply().ok
    world.agree(2)


def test_a_job_that_is_held_by_hand_is_replaced(world: World) -> None:
    world.write(count=2)
    assert world.apply().ok
    act(world, htcondor2.JobAction.Hold, world.jobs()[0].id)
    world.until(lambda: any(job.state is JobState.HELD for job in world.jobs()))
    assert "held: held by a person" in reasons(world)[Action.REPLACE]
    assert world.apply().ok
    world.agree(2)


def test_a_machine_that_is_ended_behind_htcondors_back_is_made_up_for(world: World) -> None:
    world.write(count=2)
    assert world.apply().ok
    world.clients.unjournalled.ec2.terminate(sorted(world.running())[:1])
    plan = world.plan()
    assert plan.drift
    world.until(lambda: world.plan().changes)
    assert world.apply().ok
    world.until(lambda: len(world.jobs()) == 2)
    world.agree(2)


def test_a_machine_whose_job_has_vanished_is_replaced_and_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(count=2)
    assert world.apply().ok
    job = world.jobs()[0]
    world.pool.kill_gridmanager()
    act(world, htcondor2.JobAction.Remove, job.id)
    act(world, htcondor2.JobAction.RemoveX, job.id)
    monkeypatch.setattr(health, "SETTLING", 1)
    assert job.machine in world.running()
    assert reasons(world) == {Action.REPLACE: "1 without a job"}

    assert world.apply().ok

    world.agree(2)
    assert job.machine not in world.running()


def test_wrong_credentials_are_told_and_mended(world: World) -> None:
    access = world.pool.write_key("denied.id", "AKIADENIED0000000000\n")
    secret = world.pool.write_key("denied.secret", "x" * 40 + "\n")
    keys = {"access_key_file": str(access), "secret_key_file": str(secret)}
    condor = {"pool": world.pool.collector, "schedd": world.pool.schedd}
    world.write_service(condor={**condor, "credentials": keys})
    world.write(count=2)

    result = world.apply()

    (failed,) = [one for one in result.outcomes if one.status is Status.FAILED]
    assert "held" in failed.message
    assert "37/" in failed.message
    assert "key files" in failed.hint
    assert "held" in reasons(world)[Action.REPLACE]
    world.write_service()
    assert world.apply().ok
    world.agree(2)


def test_an_image_that_does_not_exist_is_told_and_mended(world: World) -> None:
    world.write(count=1)
    spec = world.specs / "stack.yaml"
    right = spec.read_text()
    spec.write_text(right.replace("image: worker", "image: ami-00000000000000000"))

    result = world.apply()

    (failed,) = [one for one in result.outcomes if one.status is Status.FAILED]
    assert "InvalidAMIID" in failed.message
    spec.write_text(right)
    assert world.apply().ok
    world.agree(1)


@pytest.mark.parametrize("moment", ["before the plan", "after the plan"])
def test_a_group_is_removed_in_the_end_though_the_schedd_is_down(schedd: World, moment: str) -> None:
    schedd.write(count=2)
    assert schedd.apply().ok
    schedd.write_nothing()

    def stop(event: Progress) -> None:
        if isinstance(event, Began) and event.change.action is Action.TERMINATE:
            schedd.pool.stop_schedd()

    if moment == "before the plan":
        schedd.pool.stop_schedd()
        with pytest.raises(ServiceError, match="schedd"):
            schedd.apply()
    else:
        result = schedd.apply(listener=stop)
        assert not result.ok
        assert "schedd" in next(one.message for one in result.outcomes if one.status is Status.FAILED)
        assert schedd.running() == {}
    schedd.pool.start_schedd()
    schedd.until(lambda: not schedd.running() or moment == "before the plan")
    assert schedd.apply().ok
    schedd.until(lambda: not schedd.jobs())
    assert schedd.running() == {}


def test_killed_while_jobs_wait_for_their_machines_nothing_is_doubled(world: World) -> None:
    world.write(count=4)
    said = world.folder / "said"
    with said.open("w") as file:
        process = start_extenci(
            "apply",
            "-y",
            str(world.specs),
            env={**os.environ, "EXTENCI_HOME": str(world.home.path)},
            stdout=file,
            stderr=file,
        )
    world.until(lambda: len(world.jobs()) == 4 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(world.jobs()) == 4, said.read_text()
    assert world.plan().summary.get("launch") is None
    world.until(lambda: len(world.running()) == 4)
    result = world.apply()
    assert result.ok
    world.until(lambda: all(job.machine for job in world.jobs()))
    world.agree(4)

"""Single machines that a real HTCondor launches, without specs."""

from __future__ import annotations

from extenci import api
from tests.system.launch.conftest import World


def test_a_machine_is_started_and_stopped_through_its_job(world: World) -> None:
    world.write(count=1)
    assert world.apply().ok
    (pooled,) = world.running()
    world.write_service(launch="condor")
    where = {"stack": "default", "home": world.home}
    how = api.StartOptions("t3.micro", "single")
    result = api.start_machine("worker", "campus", how, **where)  # type: ignore[arg-type]
    assert result.ok, result.outcomes
    (manual,) = api.list_machines("campus", **where)  # type: ignore[arg-type]
    assert manual.job is not None
    assert {job.machine for job in world.jobs()} == {pooled, manual.id}
    assert world.plan().is_empty, world.plan()

    assert api.stop_machines([manual.id], "campus", **where).ok  # type: ignore[arg-type]
    assert [job.machine for job in world.jobs()] == [pooled]
    assert list(world.running()) == [pooled]
    assert api.list_machines("campus", **where) == ()  # type: ignore[arg-type]
    assert world.apply(destroy=True).ok

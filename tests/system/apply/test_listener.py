"""apply, told to a listener that always fails (a terminal that was closed): the work is done all the same."""

from __future__ import annotations

from extenci.model.outcome import Progress
from tests.system.main_job.conftest import World, world

__all__ = ["world"]


def test_a_listener_that_fails_costs_nothing(world: World) -> None:
    told: list[str] = []

    def listener(event: Progress) -> None:
        told.append(type(event).__name__)
        raise OSError("stderr is closed")

    world.write(count=1)
    world.make_disk(data=0)

    result = world.apply(listener=listener)

    assert result.ok, [one.message for one in result.outcomes]
    assert {"Began", "Advanced", "Ended"} <= set(told)
    assert world.plan().is_empty

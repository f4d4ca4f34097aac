"""Two homes, each with an HTCondor of its own, and one stack: neither replaces what the other made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from tests.condor_pool.installation import find_installation
from tests.condor_pool.pool import Pool, start_pool
from tests.system.launch.conftest import World


@pytest.fixture(scope="module")
def other_pool() -> Iterator[Pool]:
    pool = start_pool(find_installation(), "other-test@")
    yield pool
    pool.stop()


@pytest.fixture
def other(world: World, other_pool: Pool, tmp_path: Path) -> Iterator[World]:
    """Another user's home, with copies of the specs, on the same cloud. Its commands run within
    `other.pool.as_client()`."""
    folder = tmp_path / "other"
    folder.mkdir()
    made = World(folder, Home(folder / "home"), other_pool, cloud=world.home)
    made.write_service()
    made.make_disk()
    yield made
    for clients in made.services.values():
        clients.close()


def test_a_home_with_another_schedd_leaves_machines_alone(world: World, other: World) -> None:
    world.write(count=2)
    assert world.apply().ok
    before = set(world.running())
    tags = {machine.tags["extenci:schedd"] for machine in world.running().values()}
    assert len(tags) == 1
    assert tags.pop().startswith(world.pool.schedd)

    with other.pool.as_client():
        other.write(count=2)
        assert other.plan().is_empty
        other.write(count=3)
        result = other.apply()
        assert result.ok, result.outcomes
        assert len(other.jobs()) == 1
    assert len(world.running()) == 3
    assert before < set(world.running())
    world.write(count=3)
    assert world.plan().is_empty

    with other.pool.as_client():
        other.write(count=1)
        plan = other.plan()
        assert plan.summary == {"terminate": 1}
        (blocked,) = plan.blocked
        assert world.pool.schedd in blocked.reason
        assert "1 machine (" in blocked.reason
        other.write(count=3, type="t3.small")
        plan = other.plan()
        assert plan.summary == {"replace": 1}
        assert "2 machines (" in plan.blocked[0].reason
        other.write_nothing()
        result = other.apply(destroy=True)
        assert not result.ok
        assert not other.jobs()
    assert set(world.running()) == before
    assert world.apply(destroy=True).ok
    assert world.running() == {}

"""apply, killed at each of its changing calls and run again: nothing doubled, nothing leaked.

A proxy counts the changing calls of a command and kills it (SIGKILL) at the n-th, for n = 1, 2, … until
a run lives: either the call never reaches the service, or its answer never reaches the command.

Both are tried where things are tagged at birth. Where they are tagged afterwards or never, mostly only the
answer is lost: then, too, there is what nothing is known of. All that is left out here may be drawn by the
laboratory of `tests/faults`, which kills at any call with all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci import api
from tests.system.apply.killing_proxy import Way
from tests.system.apply.rig import MOST_CALLS, Rig, Seen, Tags, open_rig
from tests.system.main_job.conftest import MIB

MACHINES = 2
ABILITIES = "{all: true, consistent-lists: true}"
"""Those of the sandbox. Otherwise they are learned first, and what killed calls may have made is awaited."""
EACH: tuple[tuple[Tags, Way], ...] = (
    ("create", "before"), ("create", "after"), ("after", "after"), ("none", "after"),
)  # fmt: skip
STAGING = {"StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot", "RegisterImage"}
UNSTAGING = {"DeregisterImage", "DeleteSnapshot"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.05")
    with open_rig(tmp_path, "ec2", "ebs") as opened:
        opened.world.write(count=MACHINES, keep=0, service="campus")
        yield opened


def use(rig: Rig, tags: Tags) -> None:
    """Three blocks are uploaded where all calls are tried; blocks know no tags, so one does for the rest."""
    rig.world.make_disk(data=MIB if tags == "create" else 0)
    rig.world.write_service("campus", tags=tags, abilities=ABILITIES, **rig.proxy.urls)
    rig.initialise()


def assert_stands(rig: Rig, before: Seen) -> None:
    """One image on one snapshot, the desired machines of it, and as many launched as were missing."""
    now = rig.look()
    assert len(now.images) == 1
    assert len(now.snapshots) == 1
    assert len(now.machines) == MACHINES
    assert len(now.ever - before.ever) == MACHINES
    assert not now.machines & before.machines
    assert rig.world.plan().is_empty


def assert_gone(rig: Rig, before: Seen) -> None:
    now = rig.look()
    assert now == Seen(frozenset(), now.ever, frozenset(), frozenset())
    assert now.ever == before.ever
    desired = api.load([rig.world.specs], home=rig.world.home)
    assert api.plan(desired, home=rig.world.home, destroy=True).plan.is_empty


@pytest.mark.parametrize(("tags", "way"), [*EACH, ("after", "before")])
def test_killed_at_each_call_of_staging_and_launching_apply_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    use(rig, tags)
    start: list[Seen] = []

    def tidy() -> None:
        assert_stands(rig, start[-1])
        rig.clear()

    fatal = rig.kill_everywhere(way, lambda _nth: start.append(rig.look()), tidy)

    assert fatal == STAGING | {"RunInstances"} | ({"CreateTags"} if tags == "after" else set())


@pytest.mark.parametrize(("tags", "way"), EACH)
def test_killed_at_each_call_of_replacing_apply_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    """All calls where things are tagged at birth; otherwise those after the staging, which is tried above."""
    use(rig, tags)
    assert rig.world.apply().ok
    start: list[Seen] = []

    def change(nth: int) -> None:
        start.append(rig.look())
        rig.world.change_byte(f"version {nth}".encode())

    change(0)
    assert rig.shoot(MOST_CALLS, way, destroy=False) is None
    staged = rig.proxy.seen.index("RunInstances")
    first = 1 if tags == "create" else staged + 1
    fatal = rig.kill_everywhere(way, change, lambda: assert_stands(rig, start[-1]), first=first)

    replacing = {"RunInstances", "TerminateInstances"} | UNSTAGING
    assert fatal - STAGING - {"CreateTags"} == replacing
    assert fatal >= STAGING or tags != "create"
    assert ("CreateTags" in fatal) == (tags == "after")


@pytest.mark.parametrize(("tags", "way"), [one for one in EACH if one[0] != "after"])
def test_killed_at_each_call_of_destroying_destroy_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    """Ending tags nothing: it matters only whether tags or records tell what is there."""
    use(rig, tags)
    start: list[Seen] = []

    def build(_nth: int) -> None:
        assert rig.world.apply().ok
        start.append(rig.look())

    fatal = rig.kill_everywhere(way, build, lambda: assert_gone(rig, start[-1]), destroy=True)

    assert fatal == {"TerminateInstances"} | UNSTAGING

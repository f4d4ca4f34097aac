"""Every command that changes something, killed after each of its calls and given again: it ends as it would
have ended, and leaves nothing.

The machines are simulated: nothing has to boot for a test VM to be left behind.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from extenci import api
from extenci.model.version import GIB
from tests.disks import add_boot_sector
from tests.system.apply.killing_proxy import Way
from tests.system.apply.rig import Command, Rig
from tests.system.apply.test_gc import SPEC, UNTIL_LAUNCHED, agree_that_nothing_is_left
from tests.system.apply.test_killed import rig, use

__all__ = ["rig"]


@dataclass(frozen=True)
class Case:
    """A command line, what is there `before` it, the status with which it ends, the number of images that are
    there in the end, and the `first` call at which it is killed: others try those before."""

    words: tuple[str, ...]
    before: Callable[[Rig], object]
    images: int
    status: int = 0
    first: int = 1

    @property
    def command(self) -> Command:
        return Command(self.words, self.status)


def disk(rig: Rig) -> Path:
    path = rig.world.folder / "tried.raw"
    if not path.exists():
        with path.open("wb") as file:
            file.truncate(GIB)
            file.seek(1 << 21)
            file.write(os.urandom(1024))
        add_boot_sector(path)
    return path


def nothing(rig: Rig) -> None:
    disk(rig)


def staged(rig: Rig) -> None:
    rig.run(Command(("stage", str(disk(rig)), "campus")))


def waiting(rig: Rig) -> None:
    rig.world.make_disk(data=0)
    result = api.verify(api.load([rig.world.specs], home=rig.world.home), home=rig.world.home)
    assert result.waits, result.outcomes


def left_behind(rig: Rig) -> None:
    """What a verify and a test-vm leave that are killed while their test VMs run."""
    rig.world.make_disk(data=0)
    verify = Command(("verify", "specs", "--yes"))
    assert rig.shoot_at(verify, len(UNTIL_LAUNCHED) + 1, "before") == "CreateTags"
    test_vm = Command(("test-vm", str(disk(rig)), "campus", "t3.micro", "--no"))
    assert rig.shoot_at(test_vm, len(UNTIL_LAUNCHED) + 1, "before") is not None


CASES = {
    "stage": Case(("stage", "tried.raw", "campus"), nothing, 1),
    "unstage": Case(("unstage", "tried", "campus", "-y"), staged, 0),
    "test-vm yes": Case(
        ("test-vm", "tried.raw", "campus", "t3.micro", "--yes"), nothing, 1, first=len(UNTIL_LAUNCHED) + 1
    ),
    "test-vm no": Case(("test-vm", "tried.raw", "campus", "t3.micro", "--no"), nothing, 0, status=1),
    "confirm yes": Case(("confirm", "campus/worker", "--yes", "--root", "specs"), waiting, 1),
    "confirm no": Case(("confirm", "campus/worker", "--no", "--root", "specs"), waiting, 0),
    "destroy": Case(("destroy", "specs", "-y"), waiting, 0),
    "gc": Case(("gc", "specs", "-y"), left_behind, 1),
}


@pytest.mark.parametrize(("name", "way"), [*((name, "after") for name in CASES), ("unstage", "before")])
def test_killed_at_any_call_and_given_again_it_ends_and_leaves_nothing(
    rig: Rig, name: str, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTENCI_SANDBOX_MACHINES", "simulated")
    use(rig, "create")
    rig.write(SPEC)
    case = CASES[name]

    def shoot(nth: int) -> str | None:
        case.before(rig)
        return rig.shoot_at(case.command, nth, way)

    for nth, call in rig.shots(shoot, first=case.first):
        rig.run(case.command)
        told = (nth, call, rig.told())
        agree_that_nothing_is_left(rig, told)
        now = rig.look()
        assert (len(now.images), len(now.snapshots)) == (case.images, case.images), told
        assert rig.sweep().plan.is_empty, told
        rig.clear()

"""`extenci test-vm` in a terminal: it stages, runs, tells the IP, asks, ends; if no, unstages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from extenci.model.observed import Image
from extenci.model.ownership import Role
from extenci.model.verification import KEY_PAIR_PREFIX
from tests.system.qemu.conftest import MakeImage
from tests.system.qemu.test_verify import World, in_a_terminal, world

__all__ = ["world"]


@pytest.fixture
def disk(world: World, image: MakeImage) -> Path:
    """A bootable disk whose name is no name of an image."""
    path = world.folder / "my worker (1).raw"
    shutil.copy(image("plain"), path)
    return path


def staged(world: World) -> Image | None:
    """The only image that there is."""
    images = world.clients.ec2.images()
    assert len(images) <= 1
    return images[0] if images else None


def test_yes_keeps_the_image_staged_and_no_plan_touches_it(world: World, disk: Path) -> None:
    shown, status = in_a_terminal(world, ["test-vm", str(disk), "sandbox", "t3.micro"], "yes\n")
    assert status == 0, shown
    assert re.search(r"The IP address is 127\.\d+\.\d+\.\d+\r\n(?s:.*)Does it work\? \(yes, no\)", shown)
    found = staged(world)
    assert found
    assert f"Staged on sandbox: {found.id}" in shown
    assert found.marks
    assert (str(found.marks.address), found.marks.role) == ("sandbox/my-worker-1", Role.MANUAL)
    world.agree_that_nothing_is_left()

    world.write(disk)
    assert world.plan().summary == {"stage": 1, "verify": 1, "launch": 1}
    assert world.run("destroy", "-y", str(world.specs)).returncode == 0
    assert staged(world) == found

    again = world.run("test-vm", str(disk), "sandbox", "t3.micro", "--no")
    assert again.returncode == 1
    assert "stage version" not in again.stderr
    assert staged(world) is None


def test_no_ends_the_machine_and_unstages_the_image(world: World, disk: Path) -> None:
    shown, status = in_a_terminal(world, ["test-vm", str(disk), "sandbox", "t3.micro"], "no\n")
    assert status == 1, shown
    assert "It was unstaged." in shown
    assert staged(world) is None
    assert world.clients.ec2.snapshots("default") == ()
    world.agree_that_nothing_is_left()


def test_a_run_that_was_killed_is_cleaned_up_without_specs(world: World, disk: Path) -> None:
    shown, status = in_a_terminal(world, ["test-vm", str(disk), "sandbox", "t3.micro"], "\x1c")  # SIGQUIT
    assert status < 0, shown
    assert len(world.machines(Role.TEST)) == 1
    assert len(world.clients.ec2.key_pairs(KEY_PAIR_PREFIX)) == 1
    swept = world.run("gc", "--service", "sandbox", "--stack", "default", "-y")
    assert swept.returncode == 0, swept.stderr
    world.agree_that_nothing_is_left()
    assert staged(world) is None, "nobody said that it works"


def test_ctrl_c_at_the_question_ends_the_machine(world: World, disk: Path) -> None:
    shown, status = in_a_terminal(world, ["test-vm", str(disk), "sandbox", "t3.micro"], "\x03")
    assert status == 1, shown
    assert "Nobody said whether it works" in shown
    world.agree_that_nothing_is_left()
    assert staged(world)


def test_without_a_terminal_the_answer_has_to_be_given_in_advance(world: World, disk: Path) -> None:
    refused = world.run("test-vm", str(disk), "sandbox", "t3.micro")
    assert refused.returncode == 1
    assert "--yes or --no" in refused.stderr
    assert staged(world) is None
    accepted = world.run("test-vm", str(disk), "sandbox", "t3.micro", "--yes")
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout.startswith("The IP address is 127.")
    assert staged(world)
    world.agree_that_nothing_is_left()

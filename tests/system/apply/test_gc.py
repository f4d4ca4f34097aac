"""verify, killed at each of its changing calls, then `gc`: nothing of it is left.

The machines are simulated: nothing has to boot for a test VM to be left behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.lock import hold
from extenci.cloud.leases.stores import PREFIX as LEASE_PREFIX
from extenci.model.action import Action
from extenci.model.outcome import Status
from extenci.model.plan import Plan
from extenci.model.verification import KEY_PAIR_PREFIX
from tests.program.command import run_extenci
from tests.system.apply.killing_proxy import Way
from tests.system.apply.rig import Command, Rig, Tags
from tests.system.apply.test_killed import EACH, STAGING, UNSTAGING, rig, use

__all__ = ["rig"]

SPEC = """\
service: campus
images:
  worker:
    source: disks/worker.raw
    verify:
      type: t3.micro
      timeout: 1m
      confirm: true
      checks:
        - run: [/bin/true]
"""
KEYS = {"CreateKeyPair", "DeleteKeyPair"}
UNTIL_LAUNCHED = [
    "StartSnapshot",
    "PutSnapshotBlock",  # the boot sector
    "PutSnapshotBlock",
    "CompleteSnapshot",
    "RegisterImage",
    "CreateKeyPair",
    "RunInstances",
]
MACHINES = {"RunInstances", "TerminateInstances"}


@pytest.fixture(autouse=True)
def _simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENCI_SANDBOX_MACHINES", "simulated")


def prepare(rig: Rig, tags: Tags) -> None:
    use(rig, tags)
    rig.write(SPEC)


def names_of_keys(rig: Rig) -> list[str]:
    """The key pairs that are there, but for leases, which end by themselves."""
    names = (one["KeyName"] for one in rig.ec2.describe_key_pairs()["KeyPairs"])
    return [name for name in names if not name.startswith(LEASE_PREFIX)]


def key_files(rig: Rig) -> list[Path]:
    return list(rig.world.home.keys_folder.glob("*"))


def orphans(rig: Rig) -> set[str]:
    """Snapshots that no image uses."""
    images = rig.ec2.describe_images(Owners=["self"])["Images"]
    mappings = (mapping for image in images for mapping in image["BlockDeviceMappings"])
    used = {mapping["Ebs"]["SnapshotId"] for mapping in mappings if "Ebs" in mapping}
    return set(rig.look().snapshots) - used


def agree_that_nothing_is_left(rig: Rig, told: object) -> None:
    assert rig.look().machines == frozenset(), told
    assert names_of_keys(rig) == [], told
    assert orphans(rig) == set(), told
    assert key_files(rig) == [], told


@pytest.mark.parametrize(("tags", "way"), EACH)
def test_a_verify_killed_at_any_call_leaves_nothing_after_gc(rig: Rig, tags: Tags, way: Way) -> None:
    prepare(rig, tags)
    fatal: set[str] = set()

    def shoot(nth: int) -> str | None:
        return rig.shoot_at(Command(("verify", "specs", "--no"), 1), nth, way)

    for nth, call in rig.shots(shoot):
        result = rig.sweep()
        assert result.ok, (nth, call, [one.message for one in result.outcomes])
        agree_that_nothing_is_left(rig, (nth, call))
        assert rig.sweep().plan.is_empty
        rig.clear()
        fatal |= {call} if call else set()
    assert fatal - {"CreateTags"} == STAGING | UNSTAGING | KEYS | MACHINES
    assert ("CreateTags" in fatal) == (tags != "none")


def leave_a_test_vm(rig: Rig) -> None:
    """Kill a verify once its test VM runs, when it is about to ask about it."""
    rig.world.make_disk(data=0)
    verify = Command(("verify", "specs", "--yes"))
    assert rig.shoot_at(verify, len(UNTIL_LAUNCHED) + 1, "before") == "CreateTags"
    assert rig.proxy.seen[: len(UNTIL_LAUNCHED)] == UNTIL_LAUNCHED
    assert rig.look().machines


def gc_command(rig: Rig, *options: str) -> subprocess.CompletedProcess[str]:
    return run_extenci(
        "gc",
        str(rig.world.specs),
        *options,
        env={**os.environ, "EXTENCI_HOME": str(rig.world.home.path)},
    )


def test_without_a_terminal_gc_lists_and_removes_nothing_until_it_is_told(rig: Rig) -> None:
    prepare(rig, "create")
    leave_a_test_vm(rig)
    (machine,) = rig.look().machines
    listed = gc_command(rig)
    assert listed.returncode == 1
    assert machine in listed.stdout
    assert "left behind" in listed.stdout
    assert "--auto-approve" in listed.stderr
    assert rig.look().machines == {machine}
    assert len(names_of_keys(rig)) == 1
    removed = gc_command(rig, "-y")
    assert removed.returncode == 0, removed.stderr
    agree_that_nothing_is_left(rig, removed.stdout)
    nothing = gc_command(rig, "-y")
    assert (nothing.returncode, nothing.stdout) == (
        0,
        "Interrupted runs have left nothing behind.\n",
    )


def test_a_dry_run_shows_what_would_be_removed_while_another_command_holds_the_lock(rig: Rig) -> None:
    prepare(rig, "create")
    leave_a_test_vm(rig)
    (machine,) = rig.look().machines
    rig.proxy.seen.clear()
    shown = gc_command(rig, "--dry-run")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert machine in shown.stdout
    assert shown.stdout.endswith("\nNothing was removed.\n")
    document = json.loads(gc_command(rig, "--dry-run", "--format", "json").stdout)
    assert {change["action"] for change in document["changes"]} >= {"terminate"}
    with hold(rig.world.home, "default", "extenci apply"):
        locked = gc_command(rig, "--dry-run")
    assert locked.returncode == 0
    assert "Another command is at work on this stack" in " ".join(locked.stdout.split())
    assert not [call for call in rig.proxy.seen if not call.startswith(("Describe", "List", "Get"))]
    assert rig.look().machines == {machine}
    removed = gc_command(rig, "-y")
    assert removed.returncode == 0, removed.stderr
    agree_that_nothing_is_left(rig, removed.stdout)


def test_what_another_home_or_stack_is_at_is_let_be_until_its_time_is_up(rig: Rig) -> None:
    prepare(rig, "create")
    leave_a_test_vm(rig)
    rig.world.home.database.unlink()  # as another home would see it: a run of which nothing is known
    key = key_files(rig)[0]
    assert rig.sweep().plan.changes == ()
    assert key.exists()

    (machine,) = rig.look().machines
    rig.ec2.create_tags(
        Resources=[machine], Tags=[{"Key": "extenci:expires", "Value": "2020-01-01T00:00:00Z"}]
    )
    result = rig.sweep()
    assert [change.action for change in result.plan.changes] == [Action.TERMINATE]
    assert {one.status for one in result.outcomes} == {Status.DONE}
    agree_that_nothing_is_left(rig, result.outcomes)

    rig.ec2.create_key_pair(KeyName=f"{KEY_PAIR_PREFIX}of-somebody")
    assert rig.sweep().plan.is_empty
    assert names_of_keys(rig) == [f"{KEY_PAIR_PREFIX}of-somebody"]


def test_a_test_vm_that_waits_for_a_person_stays(rig: Rig) -> None:
    prepare(rig, "create")
    desired = api.load([rig.world.specs], home=rig.world.home)
    result = api.verify(desired, home=rig.world.home)
    assert result.waits, result.outcomes
    before = rig.look()
    shown: list[Plan] = []
    assert rig.sweep(on_plan=shown.append).plan.is_empty
    assert [plan.is_empty for plan in shown] == [True]
    assert rig.look() == before
    assert len(key_files(rig)) == 1


def test_old_files_that_no_job_needs_go(rig: Rig) -> None:
    prepare(rig, "create")
    old, new = rig.world.home.jobs_folder / ("a" * 64), rig.world.home.jobs_folder / ("b" * 64)
    old.parent.mkdir(parents=True)
    old.write_text("old")
    new.write_text("new")
    month_ago = time.time() - 31 * 86400
    os.utime(old, (month_ago, month_ago))
    result = rig.sweep()
    assert result.ok
    assert (old.exists(), new.exists()) == (False, True)

"""An apply that is stopped while machines are being launched: the next one waits for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from extenci import api
from extenci.model.errors import AlreadyApplied
from extenci.model.observed import MachineState
from extenci.model.outcome import Status
from extenci.plan.instances import awaited
from tests.system.launch.conftest import World


def stop_apply(
    world: World, number: signal.Signals, question: Callable[[], object], what: Path | None = None
) -> None:
    """Start an apply of the specs, or of a saved plan, and send it a signal as soon as something is so."""
    said = world.folder / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "extenci", "apply", "-y", str(what or world.specs)],
            env={**os.environ, "EXTENCI_HOME": str(world.home.path)},
            stdout=file,
            stderr=file,
        )
    world.until(lambda: question() or process.poll() is not None)
    process.send_signal(number)
    process.wait(30)
    assert question(), said.read_text()


def all_run(world: World, count: int) -> bool:
    return [one.state for one in world.running().values()] == [MachineState.RUNNING] * count


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_while_jobs_wait_for_their_machines(world: World, number: signal.Signals) -> None:
    world.write(count=4)
    stop_apply(world, number, lambda: len(world.jobs()) == 4)
    assert world.plan().is_empty
    result = world.apply(lock_timeout=90)
    assert result.ok, result.outcomes
    assert all_run(world, 4)
    world.until(lambda: all(job.machine for job in world.jobs()))
    world.agree(4)


@pytest.mark.parametrize("boot_seconds", ["15"])
def test_while_machines_are_pending(world: World) -> None:
    world.write(count=3, launch="ec2")
    stop_apply(world, signal.SIGKILL, lambda: len(world.running()) == 3)
    plan = world.plan()
    assert plan.is_empty
    assert [change.count for change in plan.awaited] == [3]
    result = world.apply(lock_timeout=90)
    assert result.ok, result.outcomes
    assert all_run(world, 3)
    assert world.plan().awaited == ()


@pytest.mark.parametrize("boot_seconds", ["15"])
def test_a_saved_plan_is_applied_once_its_machines_run(world: World) -> None:
    world.write(count=2, launch="ec2")
    file = world.folder / "saved.plan"
    api.save(api.plan(api.load([world.specs], home=world.home), home=world.home), file)
    stop_apply(world, signal.SIGKILL, lambda: len(world.running()) == 2, file)
    result = api.apply_saved(file, home=world.home, options=replace(api.DEFAULTS, lock_timeout=90))
    assert result.ok, result.outcomes
    assert all_run(world, 2)
    with pytest.raises(AlreadyApplied):
        api.apply_saved(file, home=world.home)


@pytest.mark.parametrize("boot_seconds", ["600"])
def test_machines_that_do_not_come_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaited, "LEAST_SECONDS", 3.0)
    world.write(count=2, launch="ec2", launch_timeout="90s")
    stop_apply(world, signal.SIGINT, lambda: len(world.running()) == 2)
    world.write(count=2, launch="ec2", launch_timeout="20s")
    result = world.apply(lock_timeout=90)
    assert not result.ok
    (outcome,) = result.outcomes
    assert outcome.status is Status.FAILED
    assert "2 machines of campus/pool were running" in outcome.message

"""Ctrl-C just after a test VM was launched that no list shows yet: it ends, with its key pair, and the
command says what stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from extenci.sandbox import control
from tests.matrix.proxies.ec2 import Late
from tests.matrix.proxies.http import Answer, Call, Quirk, proxy
from tests.system.apply.rig import Command, Rig
from tests.system.apply.test_gc import agree_that_nothing_is_left
from tests.system.apply.test_killed import rig
from tests.system.apply.test_killed_commands import disk

__all__ = ["rig"]


class StopsAfter(Quirk):
    """Calls `stop` once a call was answered, before the client gets the answer."""

    def __init__(self, action: str, stop: Callable[[], object]) -> None:
        self._action, self._stop = action, stop

    def after(self, call: Call, answer: Answer) -> Answer:
        if call.action == self._action:
            self._stop()
        return answer


@pytest.mark.parametrize("action", ["CreateKeyPair", "RunInstances", "TerminateInstances"])
def test_ctrl_c_leaves_no_test_vm_that_is_not_listed_yet(
    rig: Rig, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTENCI_SANDBOX_MACHINES", "simulated")
    stops: list[int] = []

    def stop() -> None:
        if not stops:
            stops.append(process.pid)
            os.kill(stops[0], signal.SIGINT)

    behind = control.status(rig.world.home.path).ec2
    with proxy(behind, [Late(), StopsAfter(action, stop)]) as ec2:
        rig.world.write_service("campus", tags="create", abilities="{all: true}", ec2=ec2)
        process = rig.start(Command(("test-vm", str(disk(rig)), "campus", "t3.micro", "--no")))
        status = process.wait(60)
    said = rig.said.read_text()
    assert (status, len(stops)) == (1, 1), said
    agree_that_nothing_is_left(rig, said)
    images = rig.look().images
    if action == "TerminateInstances":  # the answer was given before
        assert not images
        assert "It was unstaged." in said
    else:
        assert len(images) == 1
        assert f"No test VM is left; the image {min(images)} stays staged" in " ".join(said.split())

"""What the states of launched machines mean."""

from __future__ import annotations

from extenci.apply.readiness import Readiness, judge
from extenci.model.observed import Machine, MachineState


def machine(id_: str, state: MachineState, reason: str = "") -> Machine:
    return Machine(id=id_, state=state, image="ami-1", type="t3.micro", reason=reason)


def test_pending_machines_are_waited_for_and_running_ones_counted() -> None:
    found = judge([machine("i-1", MachineState.PENDING), machine("i-2", MachineState.RUNNING)])
    assert found == Readiness(running=1, lost=())


def test_a_machine_that_ended_or_stopped_while_starting_is_lost_with_its_reason() -> None:
    found = judge(
        [machine("i-1", MachineState.TERMINATED, "no capacity"), machine("i-2", MachineState.STOPPED)]
    )
    assert found == Readiness(running=0, lost=("i-1 is terminated (no capacity)", "i-2 is stopped"))

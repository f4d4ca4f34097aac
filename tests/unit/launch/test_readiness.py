"""What the states of launched machines mean."""

from __future__ import annotations

import pytest

from extenci.launch.readiness import Readiness, judge, lost_error
from extenci.model.address import Address
from extenci.model.observed import Machine, MachineState
from tests.unit.builders import observed_machine


def machine(id_: str, state: MachineState, reason: str = "") -> Machine:
    code = reason.partition(":")[0]
    return observed_machine(id_, state=state, reason=reason, reason_code=code)


def test_pending_machines_are_waited_for_and_running_ones_counted() -> None:
    found = judge([machine("i-1", MachineState.PENDING), machine("i-2", MachineState.RUNNING)])
    assert found == Readiness(running=1, lost=())


def test_a_machine_that_ended_or_stopped_while_starting_is_lost_with_its_reason() -> None:
    found = judge(
        [machine("i-1", MachineState.TERMINATED, "no capacity"), machine("i-2", MachineState.STOPPED)]
    )
    assert found.running == 0
    said = lost_error(found.lost, Address("campus", "worker")).message
    assert said.endswith("i-1 is terminated (no capacity), i-2 is stopped.")


@pytest.mark.parametrize(
    ("reason", "says_nothing"),
    [
        ("Client.InstanceInitiatedShutdown: Instance initiated shutdown", False),
        ("Client.InvalidSnapshot.NotFound: The snapshot was not found", False),
        ("Server.InsufficientInstanceCapacity: no room", True),
        ("Client.UserInitiatedShutdown: User initiated shutdown", True),
    ],
)
def test_what_ended_a_starting_machine_tells_whether_its_image_is_to_blame(
    reason: str, says_nothing: bool
) -> None:
    lost = judge([machine("i-1", MachineState.TERMINATED, reason)]).lost
    assert lost_error(lost, Address("campus", "worker")).says_nothing is says_nothing

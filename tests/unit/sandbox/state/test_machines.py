"""Machines that are none."""

from __future__ import annotations

from extenci.sandbox.state.machines import MachineConfig, Machines, SimulatedMachines

LAUNCH = MachineConfig("i-1", "ami-1", "t3.micro", "x86_64", "uefi", None, 8, "172.31.0.4", b"", b"")


def test_a_simulated_machine_boots_after_its_time_and_says_what_it_is() -> None:
    now = [100.0]
    machines: Machines = SimulatedMachines(0.5, clock=lambda: now[0])
    assert machines.kind == "simulated"
    machines.start(LAUNCH)
    assert not machines.booted("i-1")
    now[0] += 0.5
    assert machines.booted("i-1")
    text = machines.console("i-1").decode()
    assert "i-1 is a simulated machine" in text
    assert "Nothing of ami-1 was booted" in text


def test_nothing_is_known_of_a_forgotten_machine() -> None:
    machines = SimulatedMachines(0)
    machines.start(LAUNCH)
    machines.stop("i-1")
    machines.forget("i-1")
    assert not machines.booted("i-1")
    assert "simulated" in machines.console("i-1").decode()

from __future__ import annotations

from dataclasses import replace

from extenci.launch.second_look import surplus
from extenci.model.observed import MachineState
from extenci.model.ownership import Marks
from tests.unit.builders import observed_machine

MARKS = Marks("stack", "cloud", "pool", digest="d" * 64, settings="1:abc")


def test_the_oldest_stay_whoever_looks() -> None:
    machines = [observed_machine(f"i-{number}", MARKS, launched=float(number)) for number in (4, 2, 1, 3)]
    mine, theirs = {"i-1", "i-4"}, {"i-2", "i-3"}
    assert surplus(machines, MARKS, 2, mine) == ("i-4",)
    assert surplus(machines, MARKS, 2, theirs) == ("i-3",)


def test_those_of_a_moment_are_told_apart_by_their_ids() -> None:
    machines = [observed_machine(f"i-{number}", MARKS) for number in (2, 1)]
    assert surplus(machines, MARKS, 1, {"i-1"}) == ()
    assert surplus(machines, MARKS, 1, {"i-2"}) == ("i-2",)


def test_machines_that_are_ending_or_of_another_version_or_role_do_not_count() -> None:
    others = (
        observed_machine("i-1", MARKS, state=MachineState.SHUTTING_DOWN),
        observed_machine("i-2", replace(MARKS, digest="e" * 64)),
        observed_machine("i-3", replace(MARKS, settings="1:other")),
        observed_machine("i-4", replace(MARKS, name="other")),
        observed_machine("i-5"),
    )
    mine = observed_machine("i-9", MARKS)
    assert surplus((*others, mine), MARKS, 1, {"i-9"}) == ()

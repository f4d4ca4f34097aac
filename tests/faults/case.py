"""What is tried: a scenario, by a way to stage and to launch, under a kind of fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.attempt import Attempt

METHODS = ("ebs", "import", "bundle")
EC2, CONDOR = "ec2", "condor"


class Fault(StrEnum):
    """The conditions under which a command is tried."""

    KILL = "kill"
    """It is killed at one of its calls."""
    INTERRUPT = "interrupt"
    """It gets SIGINT, as by Ctrl-C, at one of its calls."""
    FAIL = "fail"
    """Of its calls, 30 % fail."""
    HIDE = "hide"
    """What was made shows 3 to 30 seconds later; nothing else is wrong."""
    KILL_HIDE = "kill+hide"
    INTERRUPT_HIDE = "interrupt+hide"
    FAIL_HIDE = "fail+hide"
    KILL_FAIL = "kill+fail"
    NONE = "none"
    """Nothing is wrong: two at once are enough."""

    @property
    def kills(self) -> bool:
        return "kill" in self or "interrupt" in self

    @property
    def fails(self) -> bool:
        return "fail" in self

    @property
    def hides(self) -> bool:
        return "hide" in self


OF_ONE = tuple(one for one in Fault if one is not Fault.NONE)
OF_TWO = (Fault.NONE, Fault.HIDE, Fault.FAIL, Fault.FAIL_HIDE, Fault.KILL)
"""Of two homes that give the command at once; the first is killed."""
TO_ANOTHER = (Fault.KILL, Fault.FAIL, Fault.KILL_HIDE, Fault.KILL_FAIL)
"""Of a home that another one takes over from."""


@dataclass(frozen=True)
class Scenario:
    """A command that changes something, and what is there before it.

    `run` brings the stack to where the command starts, gives the command, and says what must be there then.
    `homes` is how many users there are; `calls` about how many changing calls the command makes.
    """

    name: str
    run: Callable[[Attempt], None]
    methods: tuple[str, ...] = METHODS
    launches: tuple[str, ...] = (EC2,)
    faults: tuple[Fault, ...] = OF_ONE
    homes: int = 1
    calls: int = 8
    by_hand: bool = False
    """It needs no specs: `stage`, `unstage` and `test-vm`."""


@dataclass(frozen=True)
class Case:
    """One row of what there is to try."""

    scenario: Scenario
    method: str
    launch: str
    fault: Fault

    def __str__(self) -> str:
        return "/".join((self.scenario.name, self.method, self.launch, self.fault))


def expand(scenarios: tuple[Scenario, ...]) -> Iterator[Case]:
    """All cases of scenarios. HTCondor launches what was staged in one way only: it does not know how."""
    for scenario in scenarios:
        for launch in scenario.launches:
            for method in scenario.methods if launch == EC2 else scenario.methods[:1]:
                for fault in scenario.faults:
                    yield Case(scenario, method, launch, fault)

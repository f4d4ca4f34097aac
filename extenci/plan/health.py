"""Whether a machine is as good as running: a pure judgement of what was observed."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.observed import Machine, MachineState

SETTLING = 180
"""Seconds for which a machine that is still starting is left alone: it may not be whole yet."""


@dataclass(frozen=True)
class Health:
    """`ok` or not; `message` says why not, in the words of a plan's reasons. A machine that is
    `settling` counts, and is neither replaced nor surplus."""

    ok: bool
    message: str = ""
    settling: bool = False


def judge_health(machine: Machine, launch_timeout: int, now: float) -> Health:
    """Judge a machine that is not gone; `launch_timeout` in seconds, `now` since the epoch."""
    match machine.state:
        case MachineState.RUNNING:
            return Health(True)
        case MachineState.PENDING:
            age = now - machine.launched
            if age <= launch_timeout:
                return Health(True, settling=age < SETTLING)
            return Health(False, f"pending for more than {spell_seconds(launch_timeout)}")
        case _:
            return Health(False, str(machine.state))


def spell_seconds(seconds: int) -> str:
    """`15m`, `90s`: a duration as specs write it."""
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"

"""Waiting for machines: until they run, until they are gone. What counts as done is a pure value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extenci.apply.context import ChangeContext
from extenci.model.address import Address
from extenci.model.errors import MachinesLost
from extenci.model.observed import Machine, MachineState
from extenci.stage.waiting import wait_for

GONE_SECONDS = 900.0
SHOWN = 5


@dataclass(frozen=True)
class Readiness:
    """How far a launch has got: machines that run, and what is known of those that never will."""

    running: int
    lost: tuple[str, ...]


def judge(machines: Sequence[Machine]) -> Readiness:
    """What the states of launched machines mean. One that is not listed yet counts as pending."""
    lost = tuple(_obituary(one) for one in machines if one.state not in _HOPEFUL)
    return Readiness(sum(one.state is MachineState.RUNNING for one in machines), lost)


_HOPEFUL = (MachineState.PENDING, MachineState.RUNNING)


def _obituary(machine: Machine) -> str:
    return f"{machine.id} is {machine.state}" + (f" ({machine.reason})" if machine.reason else "")


def wait_until_running(
    ids: tuple[str, ...], seconds: int, context: ChangeContext, *, before: int = 0, total: int | None = None
) -> None:
    """Wait until every machine runs. ServiceError where one ends instead, or it takes too long."""

    def look() -> bool | None:
        found = judge(context.staging.clients.ec2.machines_by_id(ids))
        context.advance(before + found.running, total or len(ids))
        if found.lost:
            raise lost_error(found.lost, context.change.address)
        return True if found.running == len(ids) else None

    wait_for(look, context.staging, seconds, f"{len(ids)} machines of {context.change.address} were running")


def wait_until_gone(ids: tuple[str, ...], context: ChangeContext) -> None:
    """Wait until machines are terminated, or no longer listed."""

    def look() -> bool | None:
        found = context.staging.clients.ec2.machines_by_id(ids)
        left = sum(one.state is not MachineState.TERMINATED for one in found)
        return None if left else True

    if ids:
        wait_for(
            look, context.staging, GONE_SECONDS, f"{len(ids)} machines of {context.change.address} were gone"
        )


def lost_error(lost: tuple[str, ...], address: Address) -> MachinesLost:
    """That machines ended while they were starting."""
    shown = ", ".join(lost[:SHOWN]) + (f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")
    error = MachinesLost(
        f"Machines of {address} ended while they were starting: {shown}.",
        "Look at the service's reason and the machine's console; the next apply launches others.",
        service=address.service,
        call="RunInstances",
    )
    error.says_nothing = any("Server." in one or "User initiated" in one for one in lost)
    return error

"""Waiting for machines until they run, or until they are gone. The readiness of a launch is a pure value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extenci.launch.context import LaunchContext
from extenci.model.address import Address
from extenci.model.errors import MachinesLost
from extenci.model.observed import Machine, MachineState
from extenci.stage.waiting import wait_for

GONE_SECONDS = 900.0
"""How long EC2 may take to terminate machines."""
SCHEDD_OUTAGE_SECONDS = 60.0
"""How long a schedd may be silent, as while it is restarted."""
SHOWN = 5
"""Lost machines that an error names."""


@dataclass(frozen=True)
class Readiness:
    """How far a launch has got: the number of machines that run, and those that never will."""

    running: int
    lost: tuple[Machine, ...]


def judge(machines: Sequence[Machine]) -> Readiness:
    """Judge launched machines by their states. One that is not listed yet counts as pending."""
    lost = tuple(one for one in machines if one.state not in _STARTING)
    return Readiness(sum(one.state is MachineState.RUNNING for one in machines), lost)


_STARTING = (MachineState.PENDING, MachineState.RUNNING)


def _describe_lost(machine: Machine) -> str:
    return f"{machine.id} is {machine.state}" + (f" ({machine.reason})" if machine.reason else "")


def wait_until_running(
    ids: tuple[str, ...], seconds: float, context: LaunchContext, *, before: int = 0, total: int | None = None
) -> None:
    """Wait until every machine runs. MachinesLost where one ends instead, ServiceError where it takes too
    long."""

    def look() -> bool | None:
        found = judge(context.clients.ec2.machines_by_id(ids))
        context.advance(before + found.running, total or len(ids))
        if found.lost:
            raise lost_error(found.lost, context.address)
        return True if found.running == len(ids) else None

    wait_for(look, context, seconds, f"{len(ids)} machines of {context.address} were running")


def wait_until_gone(ids: tuple[str, ...], context: LaunchContext) -> None:
    """Wait until machines are terminated, or no longer listed."""

    def look() -> bool | None:
        found = context.clients.ec2.machines_by_id(ids)
        left = sum(one.state is not MachineState.TERMINATED for one in found)
        return None if left else True

    if ids:
        wait_for(look, context, GONE_SECONDS, f"{len(ids)} machines of {context.address} were gone")


def lost_error(lost: tuple[Machine, ...], address: Address) -> MachinesLost:
    """An error that says which machines ended while they were starting, and why."""
    shown = ", ".join(map(_describe_lost, lost[:SHOWN])) + (
        f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    )
    error = MachinesLost(
        f"Machines of {address} ended while they were starting: {shown}.",
        "Look at the service's reason and the machine's console; the next apply launches others.",
        service=address.service,
        call="RunInstances",
    )
    error.says_nothing = any(one.was_ended_by_user or one.was_ended_by_service for one in lost)
    return error

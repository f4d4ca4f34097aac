"""The engines. No other module asks which one launches a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from extenci.launch.condor import CondorEngine
from extenci.launch.context import LaunchContext
from extenci.launch.ec2 import Ec2Engine
from extenci.launch.engine import Engine
from extenci.launch.order import LaunchOrder
from extenci.model.launch import Launch
from extenci.model.observed import MachineHandle, ServiceState
from extenci.model.record import Intent
from extenci.model.work import AwaitedMachine

ENGINES: Mapping[Launch, Engine] = {Launch.EC2: Ec2Engine(), Launch.CONDOR: CondorEngine()}


def launch(order: LaunchOrder, context: LaunchContext) -> tuple[str, ...]:
    """Launch the machines of an order by the engine of its group. Errors as of `Engine.launch`."""
    return ENGINES[order.group.launch].launch(order, context)


def end(handles: Sequence[MachineHandle], context: LaunchContext) -> tuple[str, ...]:
    """End machines, each by the engine that holds it, and wait until they are gone; their ids. Errors as of
    `Engine.end`."""
    ended: list[str] = []
    for engine in ENGINES.values():
        mine = [handle for handle in handles if engine.holds(handle)]
        if mine:
            ended += engine.end(mine, context)
    return tuple(ended)


def await_running(
    machines: Sequence[AwaitedMachine], seconds: float, context: LaunchContext
) -> tuple[str, ...]:
    """Wait for machines that are being launched until they run, each by the engine that holds it; their
    ids. Errors as of `Engine.await_running`."""
    found: list[str] = []
    for engine in ENGINES.values():
        mine = [one for one in machines if engine.holds(one.handle)]
        if mine:
            found += engine.await_running(mine, seconds, context)
    return tuple(found)


def end_by_id(ids: Sequence[str], context: LaunchContext) -> tuple[str, ...]:
    """End machines through EC2, whoever launched them, and wait until they are gone; their ids."""
    return ENGINES[Launch.EC2].end(tuple(map(MachineHandle, ids)), context)


def recover(intent: Intent, state: ServiceState) -> dict[str, object] | None:
    """The outcome of a launching call of a run that died; None for any other call, and where no trace of it
    is seen."""
    engines: Iterable[Engine] = (one for one in ENGINES.values() if intent.call in one.calls)
    return next((found for engine in engines if (found := engine.recover(intent, state))), None)

"""Reading the state of one service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import ServiceState, Snapshot, SnapshotState
from extenci.model.record import Intent, Records
from extenci.model.service import Service, Tagging
from extenci.observe.machines import ReadMachines, read_with_queue, read_without_queue
from extenci.observe.ownership import KnownResources, assign, known_resources
from extenci.observe.parallel import answers

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

VISIBLE_SECONDS = 30.0
"""How long after a call the resource it made may still be invisible (EC2 API reference, "Eventual
consistency": "typically seconds"); on loopback there is one server, and only calls under way are waited
for."""
VISIBLE_SECONDS_LOOPBACK = 2.0


def observe_service(
    clients: Clients,
    stack: str,
    records: Records,
    clock: Callable[[], float],
    stop: Event,
    *,
    with_queue: bool = False,
) -> ServiceState:
    """The state of a stack as a service, and with `with_queue` its HTCondor, report it now. ServiceError and
    its kinds; Interrupted once `stop` is set.

    A call of a killed run may have reached the service and not show yet: while that can be, the service is
    read again.
    """
    read_machines = read_with_queue if with_queue else read_without_queue
    while True:
        state = _read(clients, stack, records, clock(), stop, read_machines)
        if not _hidden(clients.service, records, state):
            return state
        stop.wait(0.5)


def _read(
    clients: Clients, stack: str, records: Records, now: float, stop: Event, read_machines: ReadMachines
) -> ServiceState:
    """The three lists are read at the same time."""
    known = known_resources(clients.service.name, records)
    empty = ServiceState(service=clients.service.name, at=now)
    readings: dict[str, Callable[[], ServiceState]] = {
        "images": lambda: replace(empty, images=clients.ec2.images()),
        "snapshots": lambda: replace(empty, snapshots=_snapshots(clients, stack, known)),
        "machines": lambda: read_machines(empty, clients, stack, records),
    }
    read = answers(readings, stop)
    things = replace(empty, images=read["images"].images, snapshots=read["snapshots"].snapshots)
    machines = read["machines"]
    return replace(
        assign(things, clients.tagging, known),
        machines=machines.machines,
        queue=machines.queue,
        abilities=clients.abilities.now,
    )


def _snapshots(clients: Clients, stack: str, known: KnownResources) -> tuple[Snapshot, ...]:
    tagging = clients.tagging(Ability.TAG_SNAPSHOT)
    marked = None if tagging is Tagging.NONE else stack
    return clients.ec2.snapshots(marked, () if tagging is Tagging.CREATE else known.snapshots)


def _hidden(service: Service, records: Records, state: ServiceState) -> tuple[Intent, ...]:
    """Calls with an unknown outcome that left no trace so far and may still show."""
    window = VISIBLE_SECONDS_LOOPBACK if service.on_loopback else VISIBLE_SECONDS
    return tuple(
        intent
        for intent in records.intents
        if intent.service == service.name
        and intent.result is None
        and 0 <= state.at - intent.at < window
        and _may_show(intent, state)
    )


def _may_show(intent: Intent, state: ServiceState) -> bool:
    """Whether a launch has no machine yet, or a sealed snapshot is still pending: it takes no more blocks,
    and resuming its upload would be refused."""
    match intent.call:
        case "RunInstances":
            return all(machine.token != intent.token for machine in state.machines)
        case "CompleteSnapshot":
            pending = {one.id for one in state.snapshots if one.state is SnapshotState.PENDING}
            return intent.request.get("snapshot") in pending
        case _:
            return False

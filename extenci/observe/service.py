"""Reading the state of one service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import ServiceState, Snapshot
from extenci.model.record import Records
from extenci.model.service import Tagging
from extenci.observe.machines import read_with_queue, read_without_queue
from extenci.observe.ownership import KnownResources, Owners, assign, known_resources, with_own_snapshots
from extenci.observe.parallel import answers
from extenci.observe.visibility import may_show_more

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PAUSE_GROWTH = 0.5, 5.0, 1.5
"""The pauses between readings of a service that may show more: each is longer than the one before."""


@dataclass(frozen=True)
class Needs:
    """All that work needs to know of a service beside its lists: the `queue` of its HTCondor, whether it has
    some `abilities`, and whose machines are that have no tags yet (`owners`)."""

    queue: bool = False
    abilities: frozenset[Ability] = frozenset()
    owners: Owners = field(default_factory=dict)


NO_NEEDS = Needs()


def observe_service(
    clients: Clients,
    stack: str,
    records: Records,
    clock: Callable[[], float],
    stop: Event,
    needs: Needs = NO_NEEDS,
) -> ServiceState:
    """The state of a stack as a service, and where it is needed its HTCondor, report it now. ServiceError and
    its kinds; Interrupted once `stop` is set.

    What was made a moment ago may not show yet, and a call of a killed run may have reached the service:
    while that can be, the service is read again.
    """
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        state = read_once(clients, stack, records, clock(), stop, needs)
        if not may_show_more(clients.service.name, records, state):
            return state
        stop.wait(pause)
        pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE_SECONDS)


def read_once(
    clients: Clients,
    stack: str,
    records: Records,
    now: float,
    stop: Event,
    needs: Needs = NO_NEEDS,
) -> ServiceState:
    """A service's state as its lists are now. The three lists are read at the same time, and needed abilities
    found out that are unknown."""
    known = known_resources(clients.service.name, records, now=now)
    empty = ServiceState(service=clients.service.name, at=now)
    read_machines = read_with_queue if needs.queue else read_without_queue
    readings: dict[str, Callable[[], ServiceState]] = {
        "images": lambda: replace(empty, images=clients.ec2.images()),
        "snapshots": lambda: replace(empty, snapshots=_snapshots(clients, stack, known)),
        "machines": lambda: read_machines(empty, clients, stack, records, needs.owners),
    }
    if unknown := [ability for ability in sorted(needs.abilities) if clients.abilities.is_open(ability)]:
        readings["abilities"] = lambda: _probe(clients, unknown, empty)
    read = answers(readings, stop)
    things = replace(empty, images=read["images"].images, snapshots=read["snapshots"].snapshots)
    machines = read["machines"]
    owned = assign(things, clients.tagging, known)
    return replace(
        owned,
        images=tuple(with_own_snapshots(owned.images, owned.snapshots)),
        machines=machines.machines,
        queue=machines.queue,
        abilities=clients.abilities.now,
    )


def _probe(clients: Clients, unknown: Sequence[Ability], empty: ServiceState) -> ServiceState:
    clients.probes.find_out(unknown)
    return empty


def _snapshots(clients: Clients, stack: str, known: KnownResources) -> tuple[Snapshot, ...]:
    tagging = clients.tagging(Ability.TAG_SNAPSHOT)
    marked = None if tagging is Tagging.NONE else stack
    if tagging is not Tagging.CREATE:
        return clients.ec2.snapshots(marked, known.snapshots)
    found = clients.ec2.snapshots(marked)
    return found + clients.ec2.snapshots_by_id(known.unseen(known.snapshots, found))

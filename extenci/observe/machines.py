"""The machines of a stack on one service, and the jobs that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import Machine, ServiceState
from extenci.model.record import Records
from extenci.model.service import Tagging
from extenci.observe.join import join, unexplained
from extenci.observe.ownership import KnownResources, Owners, assign, known_resources

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

SKEW_SECONDS = 60.0
LAUNCH_SECONDS = 600.0
"""How long before and after a launching call its machines may say that they were launched."""

ReadMachines = Callable[[ServiceState, "Clients", str, Records, Owners], ServiceState]
"""Fills in the machines of a service's state."""


def read_without_queue(
    empty: ServiceState, clients: Clients, stack: str, records: Records, owners: Owners
) -> ServiceState:
    """Machines as the service alone reports them."""
    known = known_resources(clients.service.name, records, now=empty.at, owners=owners)
    return assign(replace(empty, machines=_machines(clients, stack, records, known)), clients.tagging, known)


def read_with_queue(
    empty: ServiceState, clients: Clients, stack: str, records: Records, owners: Owners
) -> ServiceState:
    """Machines and jobs. The queue is read before the machines, and again where the two do not match."""
    before = clients.condor.jobs(stack)
    known = known_resources(clients.service.name, records, before, now=empty.at, owners=owners)
    found = assign(replace(empty, machines=_machines(clients, stack, records, known)), clients.tagging, known)
    after = clients.condor.jobs(stack) if unexplained(found.machines, before) else None
    return replace(found, machines=join(found.machines, before, after), queue=clients.condor.facts())


def _machines(clients: Clients, stack: str, records: Records, known: KnownResources) -> tuple[Machine, ...]:
    """Machines by their tags, and where these may come later than the machines, by what is known here."""
    tagging = clients.tagging(Ability.TAG_INSTANCE)
    marked = None if tagging is Tagging.NONE else stack
    if tagging is not Tagging.CREATE:
        found = clients.ec2.machines(marked, known.machines, known.by_token, known.by_owner)
        return (*found, *_of_lost_launches(clients, records, found))
    found = clients.ec2.machines(marked)
    return found + clients.ec2.machines_by_id(known.unseen(known.machines, found))


def _of_lost_launches(clients: Clients, records: Records, found: Sequence[Machine]) -> Iterator[Machine]:
    """The machines of launches without an answer, on a service that may keep no tokens: those without token
    and marks that were launched at that time, from that image and of that type."""
    if clients.abilities.has(Ability.CLIENT_TOKEN):
        return
    taken = {one.id for one in found}
    for intent in records.intents:
        if (intent.service, intent.call, intent.result) != (clients.service.name, "RunInstances", None):
            continue
        image, type_, count = (intent.request.get(key) for key in ("image", "type", "count"))
        left = (count if isinstance(count, int) else 1) - sum(one.token == intent.token for one in found)
        if left <= 0:
            continue
        for one in clients.ec2.machines_of_image(str(image)):
            is_unknown = one.id not in taken and not one.token and one.marks is None
            is_of_then = intent.at - SKEW_SECONDS <= one.launched <= intent.at + LAUNCH_SECONDS
            if left > 0 and is_unknown and is_of_then and one.type == type_:
                taken.add(one.id)
                left -= 1
                yield replace(one, token=intent.token)

"""The machines of a stack on one service, and the jobs that hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import Machine, ServiceState
from extenci.model.record import Records
from extenci.model.service import Tagging
from extenci.observe.join import join, unexplained
from extenci.observe.ownership import KnownResources, assign, known_resources

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

ReadMachines = Callable[[ServiceState, "Clients", str, Records], ServiceState]
"""Fills in the machines of a service's state."""


def read_without_queue(empty: ServiceState, clients: Clients, stack: str, records: Records) -> ServiceState:
    """Machines as the service alone reports them."""
    known = known_resources(clients.service.name, records, now=empty.at)
    return assign(replace(empty, machines=_machines(clients, stack, known)), clients.tagging, known)


def read_with_queue(empty: ServiceState, clients: Clients, stack: str, records: Records) -> ServiceState:
    """Machines and jobs. The queue is read before the machines, and again where the two do not match."""
    before = clients.condor.jobs(stack)
    known = known_resources(clients.service.name, records, before, now=empty.at)
    found = assign(replace(empty, machines=_machines(clients, stack, known)), clients.tagging, known)
    after = clients.condor.jobs(stack) if unexplained(found.machines, before) else None
    return replace(found, machines=join(found.machines, before, after), queue=clients.condor.facts())


def _machines(clients: Clients, stack: str, known: KnownResources) -> tuple[Machine, ...]:
    """Machines by their tags, and where these may come later than the machines, by what is known here."""
    tagging = clients.tagging(Ability.TAG_INSTANCE)
    marked = None if tagging is Tagging.NONE else stack
    if tagging is not Tagging.CREATE:
        return clients.ec2.machines(marked, known.machines, known.by_token)
    found = clients.ec2.machines(marked)
    unseen = (known.machines & known.recent) - {one.id for one in found}
    return found + clients.ec2.machines_by_id(unseen)

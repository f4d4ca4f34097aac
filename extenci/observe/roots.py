"""Machines of a root under other stack names, for plans that may be the first after `stack:` was renamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot
from extenci.model.service import Tagging
from extenci.observe.failures import Failures
from extenci.observe.parallel import answers

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def with_machines_of_root(
    found: Observation,
    clients: Mapping[str, Clients],
    stack: str,
    root_id: str,
    failures: Failures,
    stop: Event | None = None,
) -> Observation:
    """The observation with all machines that carry a root's id, on services where the stack has nothing yet.
    Errors as of `observe`."""
    states = dict(found.services)

    def read(name: str) -> None:
        with failures.noting(name):
            states[name] = with_machines(states[name], clients[name].ec2.machines_of_root(root_id))

    asked = [name for name, state in states.items() if is_to_ask(state, stack, clients[name])]
    answers({name: partial(read, name) for name in asked}, stop or Event())
    return Observation(states).without(failures.unread)


def is_to_ask(state: ServiceState, stack: str, clients: Clients) -> bool:
    """Whether the stack has nothing on a service, where tags tell of roots."""
    things: tuple[Image | Snapshot | Machine, ...] = (*state.images, *state.snapshots, *state.machines)
    owns_something = any(thing.marks is not None and thing.marks.stack == stack for thing in things)
    return clients.service.tags is not Tagging.NONE and not owns_something


def with_machines(state: ServiceState, more: tuple[Machine, ...]) -> ServiceState:
    """A service's state with further machines."""
    known = {machine.id for machine in state.machines}
    return replace(state, machines=(*state.machines, *(one for one in more if one.id not in known)))

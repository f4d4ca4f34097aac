"""Reading all services of a plan side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.errors import ServiceError
from extenci.model.observed import Observation, ServiceState, Unread
from extenci.model.record import Records
from extenci.observe.parallel import answers
from extenci.observe.service import observe_service

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def observe(
    clients: Mapping[str, Clients],
    stack: str,
    records: Records,
    *,
    queues: frozenset[str] = frozenset(),
    needed: Mapping[str, frozenset[Ability]] | None = None,
    unread: Sequence[Unread] = (),
    stop: Event | None = None,
    clock: Callable[[], float] = time.time,
) -> Observation:
    """The state of a stack as the services report it now, by their names; sends only calls that read.

    `queues` names the services whose HTCondor is to be asked, too; `needed` has the abilities that the work
    on each needs, to find out about those of which nothing is known. `clock` gives seconds since the epoch.
    `unread` are services that failed already, and are not asked again.

    A service that fails does not stop the others: it is among the unread. ServiceError where none can be
    read; Interrupted as soon as `stop` is set, whether
    or not services answer.
    """
    stop = stop or Event()

    def read(name: str) -> ServiceState | Unread:
        try:
            return observe_service(
                clients[name],
                stack,
                records,
                clock,
                stop,
                with_queue=name in queues,
                needed=(needed or {}).get(name, frozenset()),
            )
        except ServiceError as error:
            if len(clients) == 1:
                raise
            return Unread(name, error.message, error.hint)

    names = sorted(clients.keys() - {one.service for one in unread})
    found = answers({name: partial(read, name) for name in names}, stop)
    states = {name: state for name, state in found.items() if isinstance(state, ServiceState)}
    failed = (*unread, *(state for state in found.values() if isinstance(state, Unread)))
    if failed and not states:
        first = min(failed, key=lambda one: one.service)
        raise ServiceError(first.message, first.hint, service=first.service)
    return Observation(states, tuple(sorted(failed, key=lambda one: one.service)))

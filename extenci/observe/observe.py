"""Reading all services of a plan side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import Observation, ServiceState
from extenci.model.record import Records
from extenci.observe.failures import Failures
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
    failures: Failures | None = None,
    stop: Event | None = None,
    clock: Callable[[], float] = time.time,
) -> Observation:
    """The state of a stack as the services report it now, by their names; sends only calls that read.

    `queues` names the services whose HTCondor is to be asked, too; `needed` has the abilities that the work
    on each needs, to find out about those of which nothing is known. `clock` gives seconds since the epoch.
    Services that failed already, by `failures`, are not asked again.

    A service that fails does not stop the others: it is among the unread. ServiceError where none can be
    read; Interrupted as soon as `stop` is set, whether or not services answer.
    """
    stop, failures = stop or Event(), failures or Failures(clients)

    states: dict[str, ServiceState] = {}

    def read(name: str) -> None:
        with failures.noting(name):
            states[name] = observe_service(
                clients[name],
                stack,
                records,
                clock,
                stop,
                with_queue=name in queues,
                needed=(needed or {}).get(name, frozenset()),
            )

    answers({name: partial(read, name) for name in failures.working()}, stop)
    return Observation(dict(sorted(states.items())), failures.unread)

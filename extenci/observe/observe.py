"""Reading all services of a plan side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.observed import Observation, ServiceState
from extenci.model.record import Records
from extenci.observe.failures import Failures
from extenci.observe.parallel import answers
from extenci.observe.service import NO_NEEDS, Needs, observe_service

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def observe(
    clients: Mapping[str, Clients],
    stack: str,
    records: Records,
    *,
    needs: Mapping[str, Needs] | None = None,
    failures: Failures | None = None,
    stop: Event | None = None,
    clock: Callable[[], float] = time.time,
) -> Observation:
    """The state of a stack as the services report it now, by their names; sends only calls that read.

    `needs` says of some services what else is to be read or found out. `clock` gives seconds since the epoch.
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
                (needs or {}).get(name, NO_NEEDS),
            )

    answers({name: partial(read, name) for name in failures.working()}, stop)
    return Observation(dict(sorted(states.items())), failures.unread)

"""Reading all services of a plan side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import Observation
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
    stop: Event | None = None,
    clock: Callable[[], float] = time.time,
) -> Observation:
    """The state of a stack as the services report it now, by their names; sends only calls that read.

    `queues` names the services whose HTCondor is to be asked, too; `needed` has the abilities that the work
    on each needs, to find out about those of which nothing is known. `clock` gives seconds since the epoch.
    ServiceError and its kinds, of the first service that fails; Interrupted as soon as `stop` is set, whether
    or not services answer.
    """
    stop = stop or Event()
    questions = {
        name: partial(
            observe_service,
            clients[name],
            stack,
            records,
            clock,
            stop,
            with_queue=name in queues,
            needed=(needed or {}).get(name, frozenset()),
        )
        for name in sorted(clients)
    }
    return Observation(answers(questions, stop))

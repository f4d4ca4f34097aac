"""Every service that a plan looks at, read side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from extenci.model.observed import Observation
from extenci.model.records import Records
from extenci.observe.service import observe_service

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

SERVICES_AT_ONCE = 8


def observe(
    clients: Mapping[str, Clients],
    stack: str,
    records: Records,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], object] = time.sleep,
) -> Observation:
    """What the services, by name, report of a stack now; sends only calls that read.

    `clock` gives seconds since the epoch. ServiceError and its kinds, of the first service that fails.
    """
    names = sorted(clients)
    with ThreadPoolExecutor(max_workers=SERVICES_AT_ONCE, thread_name_prefix="service") as pool:
        states = pool.map(lambda name: observe_service(clients[name], stack, records, clock, sleep), names)
        return Observation(dict(zip(names, states, strict=True)))

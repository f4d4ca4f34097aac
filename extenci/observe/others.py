"""The view of other homes: what a service shows those who have no records of what was made."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from extenci.model.abilities import Ability
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.record import Records
from extenci.model.service import Tagging
from extenci.observe.service import read_once
from extenci.observe.visibility import lately_begun

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def shows_others(
    clients: Clients,
    stack: str,
    records: Records,
    *,
    clock: Callable[[], float] = time.time,
    stop: Event | None = None,
) -> bool:
    """Whether a service shows other homes all that this one made there lately for a stack. Interrupted once
    `stop` is set; ServiceError and its kinds."""
    service, now = clients.service.name, clock()
    begun = lately_begun(service, records, now)
    if not begun or clients.abilities.has(Ability.CONSISTENT) or clients.service.tags is Tagging.NONE:
        return True
    if any(intent.result is None for intent in begun):
        return False
    state = read_once(clients, stack, Records(), now, stop or Event())
    things: tuple[Image | Snapshot | Machine, ...] = (*state.images, *state.snapshots, *state.machines)
    shown = {one.id for one in things if one.marks is not None and one.marks.stack == stack}
    recorded = {one.id for one in records.resources if one.service == service}  # not what is gone by now
    return all(id_ in shown for intent in begun for id_ in intent.made if id_ in recorded)

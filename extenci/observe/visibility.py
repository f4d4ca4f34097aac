"""Resources that were made and do not show yet. Pure.

EC2 is eventually consistent: for some seconds a list may lack what a call has made ("Eventual consistency in
the Amazon EC2 API"). Taken for gone, it would be made again.
"""

from __future__ import annotations

from extenci.model.abilities import Ability
from extenci.model.journal import VISIBLE_SECONDS
from extenci.model.observed import ServiceState, SnapshotState
from extenci.model.record import Intent, Records

VISIBLE_SECONDS_CONSISTENT = 2.0
"""How long the product of a call with an unknown outcome may be invisible where lists are consistent: only
calls under way are waited for."""

CREATING_CALLS = frozenset(("RunInstances", "StartSnapshot", "ImportSnapshot", "RegisterImage"))


def made_lately(service: str, records: Records, now: float) -> frozenset[str]:
    """The ids of what this home's runs made on a service within `VISIBLE_SECONDS`. Those that they removed
    since, or tried to, are among them: as long as they are listed, they are there, with late tags or not."""
    return frozenset(id_ for intent in lately_begun(service, records, now) for id_ in intent.made)


def lately_begun(service: str, records: Records, now: float) -> tuple[Intent, ...]:
    """The calls of this home's runs that may have made something on a service within `VISIBLE_SECONDS`."""
    return tuple(
        intent
        for intent in records.intents
        if intent.service == service and intent.call in CREATING_CALLS
        if 0 <= now - intent.at < VISIBLE_SECONDS
    )


def may_show_more(service: str, records: Records, state: ServiceState) -> bool:
    """Whether something may still show that a reading of a service lacks. What was seen once and is missing
    now is gone, and so is what extenci removed itself: some services forget machines as soon as they end."""
    listed = {image.id for image in state.images} | {snapshot.id for snapshot in state.snapshots}
    listed |= {machine.id for machine in state.machines}
    seen = {record.id for record in records.resources if "state" in record.facts}
    unseen = made_lately(service, records, state.at) - listed - seen - records.removed
    return bool(unseen or hidden_calls(service, records, state))


def hidden_calls(service: str, records: Records, state: ServiceState) -> tuple[Intent, ...]:
    """Calls with an unknown outcome that left no trace so far and may still show."""
    is_consistent = state.abilities.has(Ability.CONSISTENT)
    window = VISIBLE_SECONDS_CONSISTENT if is_consistent else VISIBLE_SECONDS
    return tuple(
        intent
        for intent in records.intents
        if intent.service == service
        and intent.result is None
        and 0 <= state.at - intent.at < window
        and _may_show(intent, state)
    )


def _may_show(intent: Intent, state: ServiceState) -> bool:
    """Whether a launch has fewer machines than it asked for, or a registration no image, or a sealed snapshot
    is still pending: it takes no more blocks, and resuming its upload would be refused."""
    match intent.call:
        case "RunInstances":
            wanted = intent.request.get("count")
            seen = sum(machine.token == intent.token for machine in state.machines)
            return seen < (wanted if isinstance(wanted, int) else 1)
        case "RegisterImage":
            return all(image.name != intent.token for image in state.images)
        case "CompleteSnapshot":
            pending = {one.id for one in state.snapshots if one.state is SnapshotState.PENDING}
            return intent.request.get("snapshot") in pending
        case _:
            return False

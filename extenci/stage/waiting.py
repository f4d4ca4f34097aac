"""Waiting for a service, with a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from extenci.model.errors import NotFound, ServiceError, Unreachable
from extenci.stage.context import ServiceContext

SHORTEST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
PAUSE_FRACTION = 0.1
"""Of the time already waited: what takes long is asked about seldom, and known late by a tenth at most."""

Found = TypeVar("Found")


def wait_for(
    look: Callable[[], Found | None],
    context: ServiceContext,
    seconds: float,
    what: str,
    *,
    outage_seconds: float = 0.0,
) -> Found:
    """What `look` finds, as soon as it is not None. ServiceError when that takes more than `seconds`.

    That nobody answers `look` is passed over for `outage_seconds` at a time.
    """
    began = context.clock()
    look = _through_outages(look, context, outage_seconds) if outage_seconds else look
    while (found := look()) is None:
        waited = context.clock() - began
        if waited >= seconds:
            service = context.clients.service.name
            raise ServiceError(
                f"The service {service} took more than {seconds:.0f} seconds until {what}.",
                "Plan again in a while: what is under way there will be found and gone on with.",
                service=service,
            )
        context.pause(min(max(waited * PAUSE_FRACTION, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS))
    return found


def _through_outages(
    look: Callable[[], Found | None], context: ServiceContext, seconds: float
) -> Callable[[], Found | None]:
    last_answer = context.clock()

    def look_again() -> Found | None:
        nonlocal last_answer
        try:
            found = look()
        except Unreachable:
            if context.clock() - last_answer > seconds:
                raise
            return None
        last_answer = context.clock()
        return found

    return look_again


def once_visible(call: Callable[[], None], context: ServiceContext, seconds: float, what: str) -> None:
    """Make a call, and again while the service does not see yet what it has just made (EC2 API reference,
    "Eventual consistency")."""

    def attempt() -> bool | None:
        try:
            call()
        except NotFound:
            return None
        return True

    wait_for(attempt, context, seconds, what)

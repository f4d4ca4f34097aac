"""Waiting for a service, with a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from extenci.model.abilities import Ability
from extenci.model.errors import NotFound, ServiceError, Unreachable
from extenci.model.journal import VISIBLE_SECONDS
from extenci.stage.context import ServiceContext

SHORTEST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
HIDDEN_PAUSE_SECONDS = 1.0
PAUSE_FRACTION = 0.1
"""Each pause is this part of the time already waited: long waits ask seldom, and end late by a tenth at
most."""

Found = TypeVar("Found")


def wait_for(
    look: Callable[[], Found | None],
    context: ServiceContext,
    seconds: float,
    what: str,
    *,
    outage_seconds: float = 0.0,
) -> Found:
    """Call `look` until it finds something; that. ServiceError when it takes more than `seconds`.

    A service may fail to answer `look` for `outage_seconds` at a time; then Unreachable is raised.
    """
    began = context.clock()
    look = _through_outages(look, context, outage_seconds) if outage_seconds else look
    while (found := look()) is None:
        waited = context.clock() - began
        if waited >= seconds:
            service = context.clients.service.name
            raise ServiceError(
                f"The service {service} took more than {seconds:.0f} seconds until {what}.",
                "Plan again in a while: the unfinished work will be found and continued.",
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


def look_while_hidden(
    look: Callable[[], Found | None], context: ServiceContext, made_at: float
) -> Found | None:
    """Call `look` until it finds something, or until what was made at `made_at` (seconds since the epoch)
    would show; None then. One look is enough where lists are consistent. Interrupted."""
    is_consistent = context.clients.abilities.has(Ability.CONSISTENT)
    left = 0.0 if is_consistent else VISIBLE_SECONDS - (context.now() - made_at)
    began = context.clock()
    while (found := look()) is None:
        if context.clock() - began >= left:
            return None
        context.pause(HIDDEN_PAUSE_SECONDS)
    return found


def once_visible(call: Callable[[], None], context: ServiceContext, seconds: float, what: str) -> None:
    """Make a call, and repeat it while the service does not find a resource that it has just created (EC2 API
    reference, "Eventual consistency")."""

    def attempt() -> bool | None:
        try:
            call()
        except NotFound:
            return None
        return True

    wait_for(attempt, context, seconds, what)

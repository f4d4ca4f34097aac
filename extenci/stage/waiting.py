"""Waiting for a service, with a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from extenci.model.errors import ServiceError, ThingNotFound
from extenci.stage.job import Means

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], means: Means, seconds: float, what: str) -> Found:
    """What `look` finds, as soon as it is not None. ServiceError when that takes more than `seconds`."""
    deadline = means.clock() + seconds
    pause = FIRST_PAUSE_SECONDS
    while (found := look()) is None:
        if means.clock() >= deadline:
            service = means.clients.service.name
            raise ServiceError(
                f"The service {service} took more than {seconds:.0f} seconds until {what}.",
                "Plan again in a while: what is under way there will be found and gone on with.",
                service=service,
            )
        means.pause(pause)
        pause = min(pause * 1.6, LONGEST_PAUSE_SECONDS)
    return found


def once_visible(call: Callable[[], None], means: Means, seconds: float, what: str) -> None:
    """Make a call, and again while the service does not see yet what it has just made (EC2 API reference,
    "Eventual consistency")."""

    def attempt() -> bool | None:
        try:
            call()
        except ThingNotFound:
            return None
        return True

    wait_for(attempt, means, seconds, what)

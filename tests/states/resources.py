"""The resources of the model cloud: what there is, and how much of it shows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from extenci.model.ownership import NAME, ROLE, STACK

STACK_NAME = "lab"
BOOT_SECONDS = 4.0
END_SECONDS = 3.0
COMPLETION_SECONDS = 5.0
LISTED_AFTER_END_SECONDS = 3600.0
"""How long machines that were terminated are still listed."""


@dataclass(frozen=True)
class Lag:
    """After how many seconds what is made shows by its id, in lists, and with its tags."""

    by_id: float = 0.0
    in_lists: float = 0.0
    tags: float = 0.0


@dataclass
class Resource:
    """A resource. `tags` is what it has, `shown` the times from which on each value shows. `is_others`:
    extenci has nothing to do with it; `was_stripped`: a person took its marks off."""

    id: str
    kind: str
    made_at: float
    lag: Lag
    facts: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    shown: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    born: Mapping[str, str] = field(default_factory=dict)
    ended_at: float | None = None
    is_others: bool = False
    was_stripped: bool = False

    def known_by_id(self, now: float) -> bool:
        """Whether a call that names its id finds it."""
        return now >= self.made_at + self.lag.by_id

    def is_listed(self, now: float) -> bool:
        """Whether it has not ended long ago."""
        return self.ended_at is None or now <= self.ended_at + LISTED_AFTER_END_SECONDS

    def retag(self, tags: Mapping[str, str], now: float) -> None:
        """Give it tags in place of those that it has; they show later, and never before earlier ones."""
        self.tags = dict(tags)
        at = max(now if self.shown else self.made_at, self.made_at + self.lag.tags)
        self.shown.append((max(at, now), self.tags))

    def shown_tags(self, now: float) -> list[dict[str, str]]:
        """Its tags as answers have them."""
        tags = next((tags for at, tags in reversed(self.shown) if at <= now), {})
        return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]

    @property
    def group(self) -> str | None:
        """The name of the group that it was launched for, or of the image that it is of; None where it is not
        the stack's."""
        is_own = self.born.get(STACK) == STACK_NAME and self.born.get(ROLE) == "pool"
        return self.born.get(NAME) if is_own and not self.is_others else None

    @property
    def is_live(self) -> bool:
        """Whether it is there: machines cost money until they are told to end."""
        return self.ended_at is None

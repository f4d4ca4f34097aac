"""Client tokens: the same request twice is one thing made, and the same answer.

AWS: EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests"; EBS User Guide,
"Idempotency for StartSnapshot API". A token is kept as long as the sandbox runs (AWS: at least 24 hours
after the thing it made has ended).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

TOKEN_CHARACTERS = 64

Made = TypeVar("Made")


class TokenReused(Exception):
    """The token was used for another request."""


@dataclass(frozen=True)
class _Use(Generic[Made]):
    parameters: Mapping[str, object]
    made: Made


class Tokens(Generic[Made]):
    """The products of client tokens. Not safe for threads: its owner holds the lock."""

    def __init__(self) -> None:
        self._uses: dict[str, _Use[Made]] = {}

    def made(self, token: str | None, parameters: Mapping[str, object]) -> Made | None:
        """The product of an earlier call with `token`; None if it is new (or none). Raises TokenReused."""
        use = self._uses.get(token) if token else None
        if use is None:
            return None
        if use.parameters != parameters:
            raise TokenReused
        return use.made

    def remember(self, token: str | None, parameters: Mapping[str, object], made: Made) -> None:
        if token:
            self._uses[token] = _Use(dict(parameters), made)

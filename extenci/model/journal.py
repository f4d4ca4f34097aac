"""How a changing call is written down, before it is made and after: the seam between those who make
calls and the catalog that remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from extenci.model.errors import ServiceError, Throttled, Unreachable

Settle = Callable[[Mapping[str, object]], None]
"""Takes what a call answered (`{"snapshot": "snap-…"}`)."""

UNSURE_CODES = frozenset(
    ("InternalError", "InternalFailure", "InternalServerException", "RequestTimeout", "ServiceUnavailable",
     "ServerInternal", "Unavailable")
)  # fmt: skip
"""Error codes of a service that does not know itself whether it did what was asked."""


class Calls(Protocol):
    """Writes changing calls down, durably when each method returns. Any thread may use it."""

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object] = ...,
        tags: Mapping[str, str] = ...,
    ) -> int:
        """Write down the intent of a call; `request` holds no secret. Its id is for the other two."""
        ...

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """Write down what the call answered."""
        ...

    def fail(self, intent: int, reason: str) -> None:
        """Write down that the call surely changed nothing."""
        ...


@contextmanager
def written_down(
    calls: Calls,
    call: str,
    *,
    token: str = "",
    request: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Settle]:
    """Write a call down before the block makes it; the block hands its answer to what it is given.

    Where the service surely refused, that is written down; where nobody can know (no answer, a crash of
    the service, a kill), the intent stays open for the next run to look into.
    """
    intent = calls.begin(call, token=token, request=request or {}, tags=tags or {})
    try:
        yield lambda result: calls.settle(intent, result)
    except ServiceError as error:
        if is_sure(error):
            calls.fail(intent, error.message)
        raise


def is_sure(error: ServiceError) -> bool:
    """Whether the service understood the call and said no, so that nothing was changed by it."""
    if isinstance(error, Unreachable | Throttled):
        return False
    return bool(error.code) and not error.code.isdigit() and error.code not in UNSURE_CODES

"""The bounds of an answer, and how its reader learns them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException

from extenci.cloud.http.minimum_rate import MinimumRate

LONGEST_LOOK_SECONDS = 1.0
"""How often a silent server is looked after."""


@dataclass(frozen=True)
class AnswerBounds:
    """The most that one answer may take.

    `size` is the bytes of its body, None for any number, `error_size` those of an answer with a status from
    300 on. `head_seconds` is the time from the request's end to the last header, and later between two
    bytes; `seconds` the time that is spent waiting for the whole answer, None for any: one that is processed
    while it arrives. `rate` is the least rate at which a body arrives, None for any.
    """

    size: int | None = None
    error_size: int = 1024**2
    head_size: int = 512 * 1024
    head_seconds: float = 30.0
    seconds: float | None = None
    rate: MinimumRate | None = None

    @property
    def look_seconds(self) -> float:
        """How long to wait at a time, so that no bound is passed by more than that."""
        given = (self.head_seconds, self.seconds, self.rate.seconds if self.rate else None)
        return min(LONGEST_LOOK_SECONDS, *(one for one in given if one is not None))


class BoundPassed(HTTPException):
    """An answer passed one of its bounds; the text says which one, after "its answer"."""


class TooLong(BoundPassed):
    """More bytes, or lines, than any answer to the call can have."""


class TooSlow(BoundPassed):
    """It takes longer, or arrives at a lower rate, than is waited for."""


OnWait = Callable[[float], None]
"""Takes how many seconds an answer has been waited for so far."""


@dataclass(frozen=True)
class Expectation:
    """The bounds of an answer, and who is told how long it is waited for."""

    bounds: AnswerBounds
    on_wait: OnWait = lambda _seconds: None


_NONE_SET = Expectation(AnswerBounds())
_expected: ContextVar[Expectation] = ContextVar("expected")


def expectation() -> Expectation:
    """The bounds of the answer that this thread reads next."""
    return _expected.get(_NONE_SET)


@contextmanager
def expecting(expected: Expectation) -> Iterator[None]:
    """Set the bounds of the answers whose reading begins in the block. The HTTP libraries hand nothing down
    from a request to the reader of its answer, but call it in the same thread."""
    token = _expected.set(expected)
    try:
        yield
    finally:
        _expected.reset(token)


def passed_bound(error: BaseException | None) -> BoundPassed | None:
    """The passed bound that an error of an HTTP library was raised for, None for other errors."""
    seen: set[int] = set()
    while error is not None and not isinstance(error, BoundPassed) and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return error if isinstance(error, BoundPassed) else None

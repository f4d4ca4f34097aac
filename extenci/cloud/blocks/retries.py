"""Whether and when a call is retried, as a value: nothing is called or waited for here.

botocore's "standard" mode decides which failures are worth a retry. How often and for how long is our
decision, since an upload of hours should survive a restart of the service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

MOST_ATTEMPTS = 6
MOST_ATTEMPTS_WITHOUT_CONNECTION = 3
"""Where nothing has answered yet, six attempts would keep the user waiting too long."""
MOST_ATTEMPTS_DAMAGED = 3
THROTTLED_SECONDS = 120.0
"""How long a throttled call is retried while no other call succeeds either."""
BIRTH_SECONDS = 120.0
"""How long after its start a service may still say that a snapshot does not exist (EBS User Guide,
StartSnapshot)."""
BIRTH_PAUSE_SECONDS = 1.0
_STEP_SECONDS = 0.25
_THROTTLED_STEP_SECONDS = 0.5
_LONGEST_SECONDS = 20.0


class FailureKind(Enum):
    """A kind of failure of a call, as far as it matters for a retry."""

    FINAL = auto()
    TRANSIENT = auto()
    SLOW = auto()
    """It took too long, as happens with too many calls at a time on a slow line."""
    NO_CONNECTION = auto()
    THROTTLED = auto()
    NO_SNAPSHOT = auto()
    """The snapshot does not exist, or not yet."""
    DAMAGED = auto()
    """The service received or stored other bytes than were sent."""
    EXPIRED = auto()
    """The credentials expired."""


@dataclass(frozen=True)
class Attempts:
    """The failed attempts of a call so far."""

    failed: int = 0
    damaged: int = 0
    throttled: int = 0
    throttled_since: float = 0.0
    is_renewed: bool = False


@dataclass(frozen=True)
class Retry:
    """Make the call again, after so many seconds."""

    attempts: Attempts
    seconds: float


@dataclass(frozen=True)
class Timing:
    """The times that matter, in seconds of one clock: now, when the snapshot was started, when any call last
    succeeded (None: none did), when this call began."""

    now: float
    born: float
    succeeded: float | None
    began: float


def next_retry(
    attempts: Attempts, kind: FailureKind, timing: Timing, random: Callable[[], float]
) -> Retry | None:
    """The retry of a call that failed; None if it is not worth one. `random` returns numbers from 0 to 1."""
    match kind:
        case FailureKind.SLOW | FailureKind.TRANSIENT | FailureKind.NO_CONNECTION:
            return _after_failure(attempts, kind, timing, random)
        case FailureKind.THROTTLED:
            return _after_throttling(attempts, timing, random)
        case FailureKind.NO_SNAPSHOT if timing.now - timing.born <= BIRTH_SECONDS:
            return Retry(attempts, BIRTH_PAUSE_SECONDS)
        case FailureKind.DAMAGED if attempts.damaged + 1 < MOST_ATTEMPTS_DAMAGED:
            return Retry(replace(attempts, damaged=attempts.damaged + 1), 0.0)
        case FailureKind.EXPIRED if not attempts.is_renewed:
            return Retry(replace(attempts, is_renewed=True), 0.0)
        case _:
            return None


def _after_failure(
    attempts: Attempts, kind: FailureKind, timing: Timing, random: Callable[[], float]
) -> Retry | None:
    if kind is FailureKind.SLOW and timing.succeeded is not None and timing.succeeded > timing.began:
        return Retry(attempts, backoff(1, _STEP_SECONDS, random))  # others succeed, and fewer will be made
    failed = attempts.failed + 1
    is_first_contact = kind is FailureKind.NO_CONNECTION and timing.succeeded is None
    if failed >= (MOST_ATTEMPTS_WITHOUT_CONNECTION if is_first_contact else MOST_ATTEMPTS):
        return None
    return Retry(replace(attempts, failed=failed), backoff(failed, _STEP_SECONDS, random))


def _after_throttling(attempts: Attempts, timing: Timing, random: Callable[[], float]) -> Retry | None:
    since = attempts.throttled_since if attempts.throttled else timing.now
    if timing.now - max(since, timing.succeeded or since) > THROTTLED_SECONDS:
        return None
    throttled = attempts.throttled + 1
    seconds = backoff(throttled, _THROTTLED_STEP_SECONDS, random)
    return Retry(replace(attempts, throttled=throttled, throttled_since=since), seconds)


def backoff(times: int, step: float, random: Callable[[], float]) -> float:
    """Seconds to wait after a call failed so many times: twice as long each time, at most 20, and a random
    part of the upper half, so that not all calls come back at once."""
    return float(min(step * 2.0 ** (times - 1), _LONGEST_SECONDS) * (0.5 + random() / 2))

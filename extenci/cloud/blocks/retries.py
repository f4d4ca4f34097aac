"""Whether and when a call is made again, as a value: nothing is called or waited for here.

What is worth another try is botocore's "standard" mode's to say; how often and how long is ours, for an
upload of hours may well outlast a restart of the service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

ATTEMPTS = 6
ATTEMPTS_WITHOUT_CONNECTION = 3
"""Where nobody has answered yet, six attempts would keep a person waiting."""
ATTEMPTS_DAMAGED = 3
THROTTLED_SECONDS = 120.0
"""How long a call that is throttled is made again while nothing else gets through either."""
BIRTH_SECONDS = 120.0
"""How long after its start a snapshot may still be said not to exist (EBS User Guide, StartSnapshot)."""
BIRTH_PAUSE_SECONDS = 1.0
_STEP_SECONDS = 0.25
_THROTTLED_STEP_SECONDS = 0.5
_LONGEST_SECONDS = 20.0


class Trouble(Enum):
    """What went wrong with a call, as far as it matters for making it again."""

    FINAL = auto()
    TRANSIENT = auto()
    SLOW = auto()
    """It took too long, as with too many at a time on a slow line."""
    NO_CONNECTION = auto()
    THROTTLED = auto()
    UNBORN = auto()
    """The snapshot does not exist, or not yet."""
    DAMAGED = auto()
    """The service stored something else, or got something else."""
    EXPIRED = auto()
    """The credentials ran out."""


@dataclass(frozen=True)
class Tries:
    """What became of a call so far."""

    failed: int = 0
    damaged: int = 0
    throttled: int = 0
    throttled_since: float = 0.0
    is_renewed: bool = False


@dataclass(frozen=True)
class Again:
    """Make the call once more, after so many seconds."""

    tries: Tries
    seconds: float


@dataclass(frozen=True)
class Scene:
    """What else matters, in seconds of one clock: when the snapshot was started, when any call last
    succeeded (None: none did), when this one was begun."""

    now: float
    born: float
    succeeded: float | None
    began: float


def try_again(tries: Tries, trouble: Trouble, scene: Scene, random: Callable[[], float]) -> Again | None:
    """Whether a call that failed is made again. `random` gives numbers from 0 to 1."""
    match trouble:
        case Trouble.SLOW | Trouble.TRANSIENT | Trouble.NO_CONNECTION:
            return _after_failure(tries, trouble, scene, random)
        case Trouble.THROTTLED:
            return _after_throttling(tries, scene, random)
        case Trouble.UNBORN if scene.now - scene.born <= BIRTH_SECONDS:
            return Again(tries, BIRTH_PAUSE_SECONDS)
        case Trouble.DAMAGED if tries.damaged + 1 < ATTEMPTS_DAMAGED:
            return Again(replace(tries, damaged=tries.damaged + 1), 0.0)
        case Trouble.EXPIRED if not tries.is_renewed:
            return Again(replace(tries, is_renewed=True), 0.0)
        case _:
            return None


def _after_failure(tries: Tries, trouble: Trouble, scene: Scene, random: Callable[[], float]) -> Again | None:
    if trouble is Trouble.SLOW and scene.succeeded is not None and scene.succeeded > scene.began:
        return Again(tries, backoff(1, _STEP_SECONDS, random))  # others get through, and fewer will try
    failed = tries.failed + 1
    nobody = trouble is Trouble.NO_CONNECTION and scene.succeeded is None
    if failed >= (ATTEMPTS_WITHOUT_CONNECTION if nobody else ATTEMPTS):
        return None
    return Again(replace(tries, failed=failed), backoff(failed, _STEP_SECONDS, random))


def _after_throttling(tries: Tries, scene: Scene, random: Callable[[], float]) -> Again | None:
    since = tries.throttled_since if tries.throttled else scene.now
    if scene.now - max(since, scene.succeeded or since) > THROTTLED_SECONDS:
        return None
    throttled = tries.throttled + 1
    seconds = backoff(throttled, _THROTTLED_STEP_SECONDS, random)
    return Again(replace(tries, throttled=throttled, throttled_since=since), seconds)


def backoff(times: int, step: float, random: Callable[[], float]) -> float:
    """Seconds to wait after a call failed so many times: twice as long each time, at most 20, and anywhere in
    the upper half of that, so that not all come back at once."""
    return float(min(step * 2.0 ** (times - 1), _LONGEST_SECONDS) * (0.5 + random() / 2))

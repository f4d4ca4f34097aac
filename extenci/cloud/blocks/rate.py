"""How many calls a second may be begun."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

BLOCKS_A_SECOND = 1000.0
"""PutSnapshotBlock calls that AWS takes of a snapshot, and of an account (EBS quotas)."""


class Rate:
    """A bucket of tokens: in no second are more than `a_second` calls begun, bursts included. Any thread may
    use it, and all that call the same account of a service share one.

    `clock` tells seconds that only rise.
    """

    def __init__(self, a_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = max(1.0, a_second / 20)
        self._filling = max(a_second - self._burst, a_second / 2)
        self._clock = clock
        self._lock = Lock()
        self._tokens = self._burst
        self._filled = clock()

    def take(self) -> float:
        """Begin a call: 0.0 where it may be begun now; otherwise the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._filling)
            self._filled = now
            if self._tokens < 1:
                return (1 - self._tokens) / self._filling
            self._tokens -= 1
            return 0.0

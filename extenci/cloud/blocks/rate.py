"""Limits how many calls a second are begun."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

BLOCKS_A_SECOND = 1000.0
"""PutSnapshotBlock calls that AWS accepts for a snapshot, and for an account (EBS quotas)."""


class Rate:
    """A token bucket: at most `a_second` calls are begun in any second, bursts included. Any thread may use
    it; all uploads to the same account of a service share one.

    `clock` returns monotonic seconds.
    """

    def __init__(self, a_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = max(1.0, a_second / 20)
        self._filling = max(a_second - self._burst, a_second / 2)
        self._clock = clock
        self._lock = Lock()
        self._tokens = self._burst
        self._filled = clock()

    def take(self) -> float:
        """Begin a call: 0.0 if it may begin now, otherwise the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._filling)
            self._filled = now
            if self._tokens < 1:
                return (1 - self._tokens) / self._filling
            self._tokens -= 1
            return 0.0

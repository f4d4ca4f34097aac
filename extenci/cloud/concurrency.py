"""How many calls are worth making at a time: more while that does not make each slower, fewer when told."""

from __future__ import annotations

START = 16
MOST = 128
SLOWER = 1.5
"""More connections gain nothing once a call takes this much longer than it did with fewer: calls then wait
for each other, on the wire or in the service."""


class Concurrency:
    """A limit that adapts: it doubles in every round of answers until calls get slow or the service
    throttles; throttling halves it, and from then on it rises by one a round. For one thread."""

    def __init__(self, most: int = MOST, start: int = START) -> None:
        self._most = most
        self._limit = float(min(start, most))
        self._is_starting = True
        self._is_calm = True
        self._cut_at = float("-inf")
        self._fastest = float("inf")
        self._round: list[float] = []
        self._round_calls = self.limit

    @property
    def limit(self) -> int:
        """Calls that may be under way."""
        return int(self._limit)

    @property
    def most(self) -> int:
        """What the limit never rises above."""
        return self._most

    def succeeded(self, seconds: float) -> None:
        """A call was answered after so many seconds."""
        self._round.append(seconds)
        if len(self._round) >= self._round_calls:
            mean = sum(self._round) / len(self._round)
            self._fastest = min(self._fastest, mean)
            self._is_calm = mean < SLOWER * self._fastest
            self._round.clear()
            self._round_calls = self.limit
        if self._is_calm:
            self._limit = min(self._most, self._limit + (1 if self._is_starting else 1 / self._limit))

    def overloaded(self, began: float, now: float) -> None:
        """A call that began then was throttled or not answered in time. Those that were under way when the
        limit was last cut say nothing new."""
        if began < self._cut_at:
            return
        self._cut_at = now
        self._is_starting = False
        self._limit = max(1.0, self._limit / 2)

"""How many calls are worth making at a time: more while that does not make each slower, fewer when told."""

from __future__ import annotations

START = 8
MOST = 128
AS_FAST = 1.25
SLOWER = 2.0
"""How much longer calls may take on an average than they did with fewer. Up to the first, more at a
time are plainly a gain; from the second on, calls only wait for each other, on the wire or in the service."""

ENOUGH = 1500.0
"""Answers a second from which on more calls at a time gain nothing: half as many again as AWS takes of a
snapshot (EBS quotas, PutSnapshotBlock), while each call holds its block in memory."""


class Concurrency:
    """A limit that adapts. After a first round of answers it doubles in every one until calls get slower or
    the service throttles; from then on it rises by one a round, while calls do not take twice as long, and
    answers do not come as fast as any service gives them. Throttling halves it. For one thread."""

    def __init__(self, most: int = MOST, start: int = START) -> None:
        self._most = most
        self._limit = float(min(start, most))
        self._is_starting = True
        self._slowness = float("inf")
        self._is_enough = False
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
            self._fastest = min(self._fastest, max(mean, 1e-6))
            self._slowness = mean / self._fastest
            self._is_enough = self._limit / max(mean, 1e-6) > ENOUGH
            self._round.clear()
            self._round_calls = self.limit
            self._is_starting = self._is_starting and self._slowness < AS_FAST
        if self._slowness < SLOWER and not self._is_enough:
            self._limit = min(self._most, self._limit + (1 if self._is_starting else 1 / self._limit))

    def overloaded(self, began: float, now: float) -> None:
        """A call that began then was throttled or not answered in time. Those that were under way when the
        limit was last cut say nothing new."""
        if began < self._cut_at:
            return
        self._cut_at = now
        self._is_starting = False
        self._limit = max(1.0, self._limit / 2)
        self._round.clear()
        self._round_calls = self.limit

"""How many calls are worth making at a time: more while that does not make each slower, fewer when told."""

from __future__ import annotations

START = 8
MOST = 128
GAIN = 2
"""Calls that may be under way in addition for each answer while there is only to be gained by more."""
AS_FAST = 1.25
SLOWER = 2.0
"""How much longer calls may take on an average than they did with fewer. Up to the first, more at a
time are plainly a gain; from the second on, calls only wait for each other, on the wire or in the service."""

FORGETTING = 1.01
"""By how much slower, from round to round, what was the fastest is taken for: a line may change for good."""
ENOUGH = 1500.0
"""Answers a second from which on more calls at a time gain nothing: half as many again as AWS takes of a
snapshot (EBS quotas, PutSnapshotBlock), while each call holds its block in memory."""


class Concurrency:
    """A limit that adapts. It triples after the first round of answers and in every later one, until calls
    get slower or the service throttles; from then on it rises by one a round, while calls do not take twice
    as long, and answers do not come as fast as any service gives them. Throttling halves it. For one
    thread."""

    def __init__(self, most: int = MOST, start: int = START) -> None:
        self._most = most
        self._limit = float(min(start, most))
        self._is_starting = True
        self._slowness = 1.0
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
        gain = GAIN
        if len(self._round) >= self._round_calls:
            gain = GAIN if self._is_measured else GAIN * len(self._round)  # the first round's, all at once
            self._measure()
        if self._is_measured and self._slowness < SLOWER and not self._is_enough:
            self._limit = min(self._most, self._limit + (gain if self._is_starting else 1 / self._limit))

    @property
    def _is_measured(self) -> bool:
        return self._fastest < float("inf")

    def _measure(self) -> None:
        """Take a round for what it says, and begin another."""
        mean = max(sum(self._round) / len(self._round), 1e-6)
        self._fastest = min(self._fastest * FORGETTING, mean)
        self._slowness = mean / self._fastest
        self._is_enough = self._limit / mean > ENOUGH
        self._is_starting = self._is_starting and self._slowness < AS_FAST
        self._round.clear()
        self._round_calls = self.limit

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

"""How many calls to make at a time: more while that slows none of them down, fewer after throttling."""

from __future__ import annotations

START = 8
MOST = 128
GAIN = 2
"""Additional calls that each answer allows while more calls are plainly a gain."""
AS_FAST = 1.25
SLOWER = 2.0
"""How much longer calls may take on average than they did with fewer at a time. Up to AS_FAST, more calls are
plainly a gain; from SLOWER on, calls only wait for each other, on the wire or in the service."""

FORGETTING = 1.01
"""The factor by which the fastest round is taken to be slower with each later round, since a line may change
for good."""
ENOUGH = 1500.0
"""Answers a second beyond which more calls at a time gain nothing, while each holds its block in memory: half
as many again as AWS accepts for a snapshot (EBS quotas, PutSnapshotBlock)."""


class Concurrency:
    """A limit that adapts. It triples with each round of answers until calls get slower or the service
    throttles. From then on it rises by one a round, as long as calls take less than twice as long, and
    answers come more slowly than ENOUGH. Throttling halves it. For one thread."""

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
        """The calls that may be under way."""
        return int(self._limit)

    @property
    def most(self) -> int:
        """The highest limit."""
        return self._most

    def succeeded(self, seconds: float) -> None:
        """Note that a call was answered after so many seconds."""
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
        """Evaluate a round of answers, and begin another."""
        mean = max(sum(self._round) / len(self._round), 1e-6)
        self._fastest = min(self._fastest * FORGETTING, mean)
        self._slowness = mean / self._fastest
        self._is_enough = self._limit / mean > ENOUGH
        self._is_starting = self._is_starting and self._slowness < AS_FAST
        self._round.clear()
        self._round_calls = self.limit

    def overloaded(self, began: float, now: float) -> None:
        """Note that a call, begun at `began`, was throttled or not answered in time. Calls that were under
        way when the limit was last cut tell nothing new."""
        if began < self._cut_at:
            return
        self._cut_at = now
        self._is_starting = False
        self._limit = max(1.0, self._limit / 2)
        self._round.clear()
        self._round_calls = self.limit

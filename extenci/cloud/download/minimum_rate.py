"""How fast a server has to be. One that gives a byte now and then would never be done, nor time out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MinimumRate:
    """How slow a server may be: it must give `rate` bytes a second, over `seconds` of waiting for it."""

    seconds: float = 60.0
    rate: int = 1024


S3_MINIMUM_RATE = MinimumRate(1800.0)
"""What comes from S3 comes by the MiB (`S3.get_object`), so that nothing is seen of one for long."""


class RateCheck:
    """Looks whether what comes, comes fast enough. Only waiting counts: not what is done with it here."""

    def __init__(self, minimum_rate: MinimumRate) -> None:
        self._minimum_rate = minimum_rate
        self._waited, self._gained = 0.0, 0
        self.was_lost = False

    def begin(self) -> None:
        """Forget what was until now: another attempt begins."""
        self._waited, self._gained, self.was_lost = 0.0, 0, False

    def gain(self, count: int) -> None:
        """`count` bytes came."""
        self._gained += count

    def wait(self, seconds: float) -> bool:
        """That long it was waited; whether that was too long for what came."""
        self._waited += seconds
        if self._waited >= self._minimum_rate.seconds:
            self.was_lost = self._gained < self._minimum_rate.rate * self._minimum_rate.seconds
            self._waited, self._gained = 0.0, 0
        return self.was_lost

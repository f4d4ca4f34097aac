"""How fast a server has to be. One that sends a byte now and then would never finish, nor time out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MinimumRate:
    """A server must send at least `rate` bytes a second, averaged over `seconds` of waiting for it."""

    seconds: float = 60.0
    rate: int = 1024


S3_MINIMUM_RATE = MinimumRate(1800.0)
"""S3 objects arrive by the MiB (`S3.get_object`), so that nothing arrives for a long time."""


class RateCheck:
    """Checks that data arrives fast enough. Only waiting counts, not the time that processing takes here."""

    def __init__(self, minimum_rate: MinimumRate) -> None:
        self._minimum_rate = minimum_rate
        self._waited, self._gained = 0.0, 0
        self.is_too_slow = False

    def begin(self) -> None:
        """Start over for another attempt."""
        self._waited, self._gained, self.is_too_slow = 0.0, 0, False

    def gain(self, count: int) -> None:
        """Note that `count` bytes arrived."""
        self._gained += count

    def wait(self, seconds: float) -> bool:
        """Note so many seconds of waiting; whether the server is too slow."""
        self._waited += seconds
        if self._waited >= self._minimum_rate.seconds:
            self.is_too_slow = self._gained < self._minimum_rate.rate * self._minimum_rate.seconds
            self._waited, self._gained = 0.0, 0
        return self.is_too_slow

"""Time that passes only where somebody waits, or a call takes some."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, RLock

BEGIN = 2_000_000_000.0
"""Seconds since the epoch at which every example begins: later than the times of all files."""


class Clock:
    """A clock that many threads share. `ticks` are called after each passing of time."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.ticks: list[Callable[[], None]] = []
        self._lock = RLock()

    def __call__(self) -> float:
        """The time in seconds since the epoch. It only rises, so it is monotonic, too."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.now += max(0.0, seconds)
            for tick in self.ticks:
                tick()


class Stop(Event):
    """A stop whose waiting lets the clock's time pass."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for no longer than `timeout` seconds of the clock."""
        if not self.is_set():
            self._clock.sleep(timeout or 0.0)
        return self.is_set()

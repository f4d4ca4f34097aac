"""Tells people that a service keeps them waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

TELL_SECONDS = 10.0
"""The silence that is worth a line, and the least time between two lines."""
_NAMES = {"ec2": "EC2", "s3": "S3", "ebs": "EBS", "sts": "STS", "condor": "HTCondor"}


class Waiting:
    """Tells of one service's silence, in one line for all calls that wait at the same time. Any thread may
    use it."""

    def __init__(
        self,
        tell: Callable[[str], None] = lambda _text: None,
        after: float = TELL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._after, self._clock = tell, after, clock
        self._lock = Lock()
        self._told = float("-inf")

    def note(self, api: str, host: str, call: str, seconds: float, most: float) -> None:
        """Take that a call of an API waits for so many seconds, and for at most so many."""
        if seconds < self._after:
            return
        with self._lock:
            now = self._clock()
            if now - self._told < self._after:
                return
            self._told = now
        name = _NAMES.get(api, api)
        self._tell(
            f"{name} at {host} has not answered {call} for {seconds:.0f} s; waiting up to {most:.0f} s."
        )

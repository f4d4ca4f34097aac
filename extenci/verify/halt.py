"""Ending early: what is waited for is given up within a tenth of a second when somebody says stop, or when
there is no hope."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

STEP = 0.1
"""Seconds between two looks at whether to go on."""

T = TypeVar("T")


class OutOfTime(Exception):
    """What was waited for did not come in time, or is no longer wanted."""


class Halt:
    """Whether to give up: `stop` is somebody's spec, `sound` says that there is no hope, and why."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.alarm = ""

    def sound(self, alarm: str) -> None:
        """Give up, for this reason; the first one stays."""
        self.alarm = self.alarm or alarm

    @property
    def is_set(self) -> bool:
        """Whether nothing more should be waited for."""
        return self.stop.is_set() or bool(self.alarm)

    def wait(self, seconds: float) -> bool:
        """Wait, but not when given up; whether it is."""
        end = time.monotonic() + seconds
        while not self.is_set and (left := end - time.monotonic()) > 0:
            self.stop.wait(min(left, STEP))
        return self.is_set


def in_background(
    work: Callable[[], T], halt: Halt, seconds: float, abandon: Callable[[], None] = lambda: None
) -> T:
    """What `work` returns or raises, or OutOfTime after `seconds`, or when given up. Then `abandon` is
    called, which should make `work` end soon; nobody waits for it."""
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            errors.append(error)
        done.set()

    threading.Thread(target=run, daemon=True, name="in_background").start()
    end = time.monotonic() + seconds
    while not done.wait(max(0.0, min(STEP, end - time.monotonic()))):
        if halt.is_set or time.monotonic() >= end:
            abandon()
            raise OutOfTime
    if errors:
        raise errors[0]
    return results[0]

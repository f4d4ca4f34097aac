"""Ending early: whatever waits gives up within a tenth of a second when a stop is requested, or when an alarm
says that the machine will never come up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

STEP = 0.1
"""Seconds between two looks at whether to give up."""

T = TypeVar("T")


class OutOfTime(Exception):
    """A result did not come in time, or nobody wants it any more."""


class Halt:
    """Whether to give up, and why: somebody set `stop`, or an alarm was sounded."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.alarm = ""

    def sound(self, alarm: str) -> None:
        """Sound an alarm. Only the first one is kept."""
        self.alarm = self.alarm or alarm

    @property
    def is_set(self) -> bool:
        """Whether to give up."""
        return self.stop.is_set() or bool(self.alarm)

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until it is set. Returns whether it is."""
        end = time.monotonic() + seconds
        while not self.is_set and (left := end - time.monotonic()) > 0:
            self.stop.wait(min(left, STEP))
        return self.is_set


def in_background(
    work: Callable[[], T], halt: Halt, seconds: float, abandon: Callable[[], None] = lambda: None
) -> T:
    """Return or raise what `work` returns or raises. Raises OutOfTime after `seconds`, or when `halt` is set:
    then `abandon` is called, which should make `work` end soon, and nobody waits for it."""
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

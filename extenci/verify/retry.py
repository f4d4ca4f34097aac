"""Trying a check again until it passes, or its time is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from extenci.model.verification import Check
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.checks import kind_of

LONGEST_PAUSE = 5.0
"""Seconds between two tries at most; the first pause is one second."""

PATIENCE = 30.0
"""Seconds that a try may take where another one can follow it, and what it asks is answered soon or never."""


@dataclass(frozen=True)
class Timer:
    """The time that all checks have together: until `deadline`, a reading of `clock`, in seconds."""

    deadline: float
    clock: Callable[[], float]

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline - self.clock()


def try_until_done(
    check: Check, context: CheckContext, timer: Timer, log: BinaryIO, *, once: bool
) -> tuple[AttemptResult, int]:
    """The result of the last try, and the number of tries. `once`: a single try, and a short one."""
    result, tries = AttemptResult(False, "not tried: no time was left"), 0
    while not context.halt.is_set and (left := timer.left) > 0:
        tries += 1
        is_last = once or (check.retries is not None and tries > check.retries)
        seconds = min(left, find_limit(check, is_last=is_last), PATIENCE if once else left)
        log.write(f"== try {tries} of {check.label}\n".encode())
        result = kind_of(check).attempt(check, context, Attempt(seconds, log))
        log.write(f"\n-- {result.message}\n".encode())
        if result.passed or result.final or (is_last and not context.halt.is_set):
            return result, tries
        context.halt.wait(min(tries, LONGEST_PAUSE, max(0.0, timer.left)))
    if alarm := context.halt.alarm:
        what = "given up" if tries else "not tried"
        return replace(result, passed=False, message=f"{what}: the console shows {alarm!r}"), tries
    return result, tries


def find_limit(check: Check, *, is_last: bool) -> float:
    """Seconds that one try may take; infinite where only the block's time limits it."""
    if check.timeout is not None:
        return check.timeout
    return PATIENCE if check.answers_soon and not is_last else float("inf")

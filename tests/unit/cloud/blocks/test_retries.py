from __future__ import annotations

import itertools
import random

import pytest

from extenci.cloud.blocks.retries import (
    BIRTH_SECONDS,
    MOST_ATTEMPTS,
    MOST_ATTEMPTS_DAMAGED,
    MOST_ATTEMPTS_WITHOUT_CONNECTION,
    THROTTLED_SECONDS,
    Attempts,
    FailureKind,
    Retry,
    Timing,
    backoff,
    next_retry,
)

EARLY = Timing(now=1000.0, born=1000.0, succeeded=None, began=980.0)


def attempts_made(kind: FailureKind, timing: Timing = EARLY) -> int:
    """How many attempts are made of a call that always fails like that."""
    attempts = Attempts()
    for number in itertools.count(1):
        retry = next_retry(attempts, kind, timing, random.random)
        if retry is None or number == 100:
            return number
        attempts = retry.attempts
    raise AssertionError


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (FailureKind.FINAL, 1),
        (FailureKind.TRANSIENT, MOST_ATTEMPTS),
        (FailureKind.SLOW, MOST_ATTEMPTS),
        (FailureKind.NO_CONNECTION, MOST_ATTEMPTS_WITHOUT_CONNECTION),
        (FailureKind.DAMAGED, MOST_ATTEMPTS_DAMAGED),
        (FailureKind.EXPIRED, 2),
    ],
)
def test_attempts_are_bounded(kind: FailureKind, number: int) -> None:
    assert attempts_made(kind) == number


def test_a_connection_that_was_there_before_is_tried_for_longer() -> None:
    assert (
        attempts_made(FailureKind.NO_CONNECTION, Timing(1000.0, 900.0, succeeded=999.0, began=980.0))
        == MOST_ATTEMPTS
    )


def test_a_call_that_is_slow_is_made_again_for_as_long_as_others_get_through() -> None:
    assert attempts_made(FailureKind.SLOW, Timing(1000.0, 900.0, succeeded=981.0, began=980.0)) == 100
    assert (
        attempts_made(FailureKind.SLOW, Timing(1000.0, 900.0, succeeded=979.0, began=980.0)) == MOST_ATTEMPTS
    )


def test_a_young_snapshot_is_waited_for_and_an_old_one_is_not() -> None:
    young, old = Timing(BIRTH_SECONDS, 0.0, None, 0.0), Timing(BIRTH_SECONDS + 1, 0.0, 5.0, 0.0)
    assert isinstance(next_retry(Attempts(), FailureKind.NO_SNAPSHOT, young, random.random), Retry)
    assert next_retry(Attempts(), FailureKind.NO_SNAPSHOT, old, random.random) is None


def throttled_for(step: float, succeeding: bool) -> float:
    """When a call that is always throttled is given up, after 10 minutes at the latest."""
    attempts, now = Attempts(), 0.0
    while now < 600:
        timing = Timing(now, 0.0, now if succeeding else None, now)
        retry = next_retry(attempts, FailureKind.THROTTLED, timing, random.random)
        if retry is None:
            return now
        attempts, now = retry.attempts, now + retry.seconds + step
    return now


def test_throttling_is_borne_for_a_while_where_nothing_gets_through() -> None:
    assert THROTTLED_SECONDS < throttled_for(0.1, succeeding=False) < THROTTLED_SECONDS + 25


def test_throttling_is_borne_as_long_as_other_calls_succeed() -> None:
    assert throttled_for(0.1, succeeding=True) >= 600


def test_pauses_double_with_jitter_and_stay_bounded() -> None:
    assert [backoff(times, 1.0, lambda: 1.0) for times in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert [backoff(times, 1.0, lambda: 0.0) for times in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert backoff(1000, 1.0, lambda: 1.0) == 20.0

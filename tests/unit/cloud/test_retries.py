from __future__ import annotations

import itertools
import random

import pytest

from extenci.cloud.blocks.retries import (
    ATTEMPTS,
    ATTEMPTS_DAMAGED,
    ATTEMPTS_WITHOUT_CONNECTION,
    BIRTH_SECONDS,
    THROTTLED_SECONDS,
    Again,
    Scene,
    Tries,
    Trouble,
    backoff,
    try_again,
)

EARLY = Scene(now=1000.0, born=1000.0, succeeded=None, began=980.0)


def attempts(trouble: Trouble, scene: Scene = EARLY) -> int:
    """How many attempts are made of a call that always fails like that."""
    tries = Tries()
    for number in itertools.count(1):
        again = try_again(tries, trouble, scene, random.random)
        if again is None or number == 100:
            return number
        tries = again.tries
    raise AssertionError


@pytest.mark.parametrize(
    ("trouble", "number"),
    [
        (Trouble.FINAL, 1),
        (Trouble.TRANSIENT, ATTEMPTS),
        (Trouble.SLOW, ATTEMPTS),
        (Trouble.NO_CONNECTION, ATTEMPTS_WITHOUT_CONNECTION),
        (Trouble.DAMAGED, ATTEMPTS_DAMAGED),
        (Trouble.EXPIRED, 2),
    ],
)
def test_attempts_are_bounded(trouble: Trouble, number: int) -> None:
    assert attempts(trouble) == number


def test_a_connection_that_was_there_before_is_tried_for_longer() -> None:
    assert attempts(Trouble.NO_CONNECTION, Scene(1000.0, 900.0, succeeded=999.0, began=980.0)) == ATTEMPTS


def test_a_call_that_is_slow_is_made_again_for_as_long_as_others_get_through() -> None:
    assert attempts(Trouble.SLOW, Scene(1000.0, 900.0, succeeded=981.0, began=980.0)) == 100
    assert attempts(Trouble.SLOW, Scene(1000.0, 900.0, succeeded=979.0, began=980.0)) == ATTEMPTS


def test_a_young_snapshot_is_waited_for_and_an_old_one_is_not() -> None:
    young, old = Scene(BIRTH_SECONDS, 0.0, None, 0.0), Scene(BIRTH_SECONDS + 1, 0.0, 5.0, 0.0)
    assert isinstance(try_again(Tries(), Trouble.UNBORN, young, random.random), Again)
    assert try_again(Tries(), Trouble.UNBORN, old, random.random) is None


def throttled_for(step: float, succeeding: bool) -> float:
    """When a call that is always throttled is given up, after 10 minutes at the latest."""
    tries, now = Tries(), 0.0
    while now < 600:
        scene = Scene(now, 0.0, now if succeeding else None, now)
        again = try_again(tries, Trouble.THROTTLED, scene, random.random)
        if again is None:
            return now
        tries, now = again.tries, now + again.seconds + step
    return now


def test_throttling_is_borne_for_a_while_where_nothing_gets_through() -> None:
    assert THROTTLED_SECONDS < throttled_for(0.1, succeeding=False) < THROTTLED_SECONDS + 25


def test_throttling_is_borne_as_long_as_other_calls_succeed() -> None:
    assert throttled_for(0.1, succeeding=True) >= 600


def test_pauses_double_with_jitter_and_stay_bounded() -> None:
    assert [backoff(times, 1.0, lambda: 1.0) for times in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert [backoff(times, 1.0, lambda: 0.0) for times in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert backoff(1000, 1.0, lambda: 1.0) == 20.0

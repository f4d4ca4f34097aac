from __future__ import annotations

import bisect

from hypothesis import given
from hypothesis import strategies as st

from extenci.cloud.blocks.rate import Rate


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=60))
def test_in_no_second_are_more_calls_begun_than_allowed(pauses: list[float]) -> None:
    now = 0.0
    rate = Rate(40, clock=lambda: now)
    begun: list[float] = []
    for pause in pauses:
        now += pause
        while rate.take() == 0.0:
            begun.append(now)
    assert begun
    for number, moment in enumerate(begun):
        assert bisect.bisect_left(begun, moment + 1.0) - number <= 40


def test_who_asks_again_after_the_told_seconds_may_go() -> None:
    now = 100.0
    rate = Rate(1000, clock=lambda: now)
    while (pause := rate.take()) == 0.0:
        pass
    now += pause + 1e-9
    assert rate.take() == 0.0


def test_over_a_long_time_nearly_all_that_is_allowed_is_used() -> None:
    now, begun = 0.0, 0
    rate = Rate(1000, clock=lambda: now)
    while now < 10:
        pause = rate.take()
        begun += pause == 0.0
        now += pause + 1e-9 if pause else 0.0
    assert 9400 < begun <= 10000

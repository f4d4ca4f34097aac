from __future__ import annotations

from extenci.cloud.http.minimum_rate import MinimumRate, RateCheck


def test_a_server_that_gives_enough_in_each_window_is_waited_for() -> None:
    check = RateCheck(MinimumRate(60.0, 1024))
    for _ in range(1000):
        check.gain(1024)
        assert not check.wait(1.0)


def test_one_that_gives_too_little_is_given_up_when_the_window_ends() -> None:
    check = RateCheck(MinimumRate(60.0, 1024))
    check.gain(60 * 1024 - 1)
    assert [check.wait(20.0) for _ in range(3)] == [False, False, True]
    assert check.is_too_slow


def test_what_came_in_one_window_does_not_help_in_the_next() -> None:
    check = RateCheck(MinimumRate(60.0, 1024))
    check.gain(1 << 30)
    assert not check.wait(60.0)
    assert check.wait(60.0)
    check.begin()
    assert not check.is_too_slow
    assert not check.wait(59.0)

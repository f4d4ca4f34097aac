from __future__ import annotations

from extenci.cloud.download.minimum_rate import Pace, Patience


def test_a_server_that_gives_enough_in_each_window_is_waited_for() -> None:
    pace = Pace(Patience(60.0, 1024))
    for _ in range(1000):
        pace.gain(1024)
        assert not pace.wait(1.0)


def test_one_that_gives_too_little_is_given_up_when_the_window_ends() -> None:
    pace = Pace(Patience(60.0, 1024))
    pace.gain(60 * 1024 - 1)
    assert [pace.wait(20.0) for _ in range(3)] == [False, False, True]
    assert pace.was_lost


def test_what_came_in_one_window_does_not_help_in_the_next() -> None:
    pace = Pace(Patience(60.0, 1024))
    pace.gain(1 << 30)
    assert not pace.wait(60.0)
    assert pace.wait(60.0)
    pace.begin()
    assert not pace.was_lost
    assert not pace.wait(59.0)

from __future__ import annotations

from extenci.cloud.blocks.concurrency import ENOUGH, MOST, START, Concurrency


def answer(concurrency: Concurrency, times: int, seconds: float) -> None:
    for _ in range(times):
        concurrency.succeeded(seconds)


def test_it_begins_modestly_and_triples_while_calls_stay_fast() -> None:
    concurrency = Concurrency(128, 16)
    assert concurrency.limit == 16
    answer(concurrency, 15, 0.1)
    assert concurrency.limit == 16
    answer(concurrency, 1, 0.1)
    assert concurrency.limit == 48
    answer(concurrency, 32, 0.1)
    assert concurrency.limit == 112
    answer(concurrency, 1000, 0.1)
    assert concurrency.limit == 128


def test_it_stops_rising_where_calls_only_get_slower() -> None:
    concurrency = Concurrency(128)
    limits = []
    for _ in range(2000):
        concurrency.succeeded(0.001 * concurrency.limit)
        limits.append(concurrency.limit)
    assert max(limits) < 5 * START


def test_throttling_halves_it_once_for_all_calls_that_were_under_way() -> None:
    concurrency = Concurrency(128, 64)
    for _ in range(64):
        concurrency.overloaded(began=1.0, now=2.0)
    assert concurrency.limit == 32
    concurrency.overloaded(began=2.5, now=3.0)
    assert concurrency.limit == 16


def test_after_throttling_it_rises_by_one_a_round() -> None:
    concurrency = Concurrency(128, 64)
    concurrency.overloaded(began=1.0, now=2.0)
    answer(concurrency, 32 + 33, 0.1)
    assert concurrency.limit == 33


def test_it_never_falls_below_one_nor_starts_above_the_most() -> None:
    concurrency = Concurrency(8)
    assert concurrency.limit == 8
    for moment in range(20):
        concurrency.overloaded(float(moment), moment + 0.5)
    assert concurrency.limit == 1
    answer(concurrency, 1000, 0.1)
    assert concurrency.limit == 8


def test_a_service_that_answers_as_fast_as_any_needs_no_more_connections() -> None:
    fast, slower = Concurrency(start=8), Concurrency(start=8)
    for _ in range(1000):
        fast.succeeded(8 / (ENOUGH * 1.1))
        slower.succeeded(0.1)
    assert fast.limit == 8
    assert slower.limit == MOST


def test_a_line_that_gets_slower_for_good_is_filled_all_the_same() -> None:
    concurrency = Concurrency()
    answer(concurrency, 100, 0.004)
    assert concurrency.limit == START
    answer(concurrency, 40_000, 0.1)  # which are seven minutes with eight at a time
    assert concurrency.limit == MOST

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from threading import Event

import pytest

from extenci.cloud.download.background import AHEAD, in_background
from extenci.model.errors import Interrupted


def test_items_come_in_order_and_then_the_error() -> None:
    def items() -> Iterator[int]:
        yield from range(50)
        raise ZeroDivisionError

    relay = in_background(items, Event(), "It")
    assert [next(relay) for _ in range(50)] == list(range(50))
    with pytest.raises(ZeroDivisionError):
        next(relay)


def test_nobody_waits_for_a_silent_peer_after_a_stop() -> None:
    stop, ended = Event(), Event()

    def items() -> Iterator[int]:
        yield 1
        ended.wait(30)
        yield 2

    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted, match=r"^It was stopped\.$"):
        list(in_background(items, stop, "It"))
    assert time.monotonic() - began < 5
    ended.set()


def test_what_nobody_takes_is_not_taken_in_without_end() -> None:
    taken, others = [], set(threading.enumerate())

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    relay = in_background(items, Event(), "It")
    next(relay)
    time.sleep(0.2)
    assert len(taken) <= AHEAD + 3
    relay.close()  # type: ignore[attr-defined]
    while any(one.name == "relay" for one in set(threading.enumerate()) - others):
        time.sleep(0.01)


def test_waiting_is_told_and_only_that_for_the_peer() -> None:
    told: list[float] = []

    def items() -> Iterator[int]:
        yield 1
        yield 2
        time.sleep(0.5)

    for _ in in_background(items, Event(), "It", told.append):
        time.sleep(0.5)
    assert sum(told) < 0.4, "the peer waited, not we"


def test_who_is_told_of_waiting_may_end_it() -> None:
    ended = Event()

    def items() -> Iterator[int]:
        ended.wait(30)
        yield 1

    waited = 0.0

    def add(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        if waited > 0.3:
            raise TimeoutError

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        list(in_background(items, Event(), "It", add))
    assert 0.2 < time.monotonic() - began < 5
    ended.set()

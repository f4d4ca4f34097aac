from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from threading import Event
from typing import cast

import pytest

from extenci.cloud.clients import Clients
from extenci.cloud.journalled.client import Journalled
from extenci.model.errors import AccessRefused, Interrupted, NotFound, ServiceError, Unreachable
from extenci.model.journal import Calls
from extenci.model.service import Service
from extenci.stage.context import StageContext
from extenci.stage.waiting import once_visible, wait_for

NO_CALLS = cast("Calls", None)
"""Waiting writes nothing down."""


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def now(self) -> float:
        return sum(self.pauses)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def context(time: Time) -> StageContext:
    clients = Clients(Service("campus", "us-east-1"))
    return StageContext(clients, Journalled(clients, NO_CALLS), clock=time.now, sleep=time.pauses.append)


def test_what_is_there_is_not_waited_for(context: StageContext, time: Time) -> None:
    assert wait_for(lambda: "found", context, 60, "it was there") == "found"
    assert time.pauses == []


def test_pauses_grow_to_ten_seconds(context: StageContext, time: Time) -> None:
    looks: Iterator[int | None] = chain(repeat(None, 80), [7])
    assert wait_for(lambda: next(looks), context, 600, "it was there") == 7
    assert time.pauses[0] == 0.2
    assert time.pauses == sorted(time.pauses)
    assert max(time.pauses) == 10


def test_waiting_has_a_limit_that_is_told(context: StageContext, time: Time) -> None:
    with pytest.raises(ServiceError, match="campus took more than 60 seconds until it was there"):
        wait_for(lambda: None, context, 60, "it was there")
    assert 60 <= time.now() < 71


def test_silence_is_passed_over_for_a_while(context: StageContext, time: Time) -> None:
    def look() -> str | None:
        if 10 < time.now() < 30:
            raise Unreachable("nobody there")
        return "found" if time.now() > 40 else None

    assert wait_for(look, context, 600, "it was there", outage_seconds=60) == "found"


def test_silence_that_lasts_is_told(context: StageContext, time: Time) -> None:
    def look() -> None:
        if time.now() > 10:
            raise Unreachable("nobody there")

    with pytest.raises(Unreachable):
        wait_for(look, context, 600, "it was there", outage_seconds=60)
    assert 70 < time.now() < 90


def test_waiting_ends_when_told_to_stop() -> None:
    stop = Event()
    stop.set()
    clients = Clients(Service("campus", "us-east-1"))
    context = StageContext(clients, Journalled(clients, NO_CALLS), stop=stop)
    with pytest.raises(Interrupted):
        wait_for(lambda: None, context, 60, "it was there")


def test_what_a_service_does_not_see_yet_is_asked_again(context: StageContext, time: Time) -> None:
    answers = iter([NotFound("not yet"), NotFound("not yet"), None])

    def call() -> None:
        if (problem := next(answers)) is not None:
            raise problem

    once_visible(call, context, 60, "it could be seen")
    assert len(time.pauses) == 2


def test_other_refusals_are_not_waited_out(context: StageContext, time: Time) -> None:
    def call() -> None:
        raise AccessRefused("no")

    with pytest.raises(AccessRefused):
        once_visible(call, context, 60, "it could be seen")
    assert time.pauses == []

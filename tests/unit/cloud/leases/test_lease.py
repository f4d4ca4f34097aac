"""Leases between commands, by a store in memory and a clock that only sleeping moves."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from extenci.cloud.leases.lease import MARGIN_SECONDS, SETTLING_SECONDS, WATCH_SECONDS, Lease
from extenci.cloud.leases.store import LeaseStore
from extenci.model.errors import Interrupted, LeaseHeld, LockHeld, ServiceError, Unreachable
from extenci.model.lease import LEASE_SECONDS, LeaseTerms, StoredLease

MINE = LeaseTerms("my home", "this command", "me on laptop")
LATER = LeaseTerms("my home", "next command", "me on laptop")
THEIRS = LeaseTerms("their home", "their command", "them on runner")


class Time:
    def __init__(self) -> None:
        self.now = 1000.0
        self.while_asleep: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_asleep()


class Memory(LeaseStore):
    place = "memory"

    def __init__(self, time: Time, *, tells_age: bool = True) -> None:
        self.versions = map(str, itertools.count())
        self.time = time
        self.tells_age = tells_age
        self.stored: tuple[str, LeaseTerms, float] | None = None
        self.is_down = False

    def create(self, terms: LeaseTerms) -> str | None:
        return None if self.stored is not None else self.write(terms)

    def read(self) -> StoredLease | None:
        if self.stored is None:
            return None
        version, terms, at = self.stored
        return StoredLease(version, terms, self.time.now - at if self.tells_age else None)

    def renew(self, terms: LeaseTerms, version: str) -> str | None:
        if self.is_down:
            raise Unreachable("It does not answer.")
        is_there = self.stored is not None and self.stored[0] == version
        return self.write(terms) if is_there else None

    def take_over(self, terms: LeaseTerms, version: str) -> str | None:
        return self.renew(terms, version)

    def delete(self) -> None:
        self.stored = None

    def write(self, terms: LeaseTerms) -> str:
        version = next(self.versions)
        self.stored = version, terms, self.time.now
        return version


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(time: Time) -> Memory:
    return Memory(time)


def lease_of(store: Memory, terms: LeaseTerms) -> Lease:
    return Lease("stack", "cloud", store, terms, clock=store.time.clock, sleep=store.time.sleep)


def test_a_lease_is_had_by_one_command_at_a_time(store: Memory) -> None:
    mine = lease_of(store, MINE)
    mine.take()
    mine.check()
    with pytest.raises(LockHeld, match=r"by me on laptop, renewed 0 seconds ago") as caught:
        lease_of(store, THEIRS).take()
    assert "--lock-timeout" in caught.value.hint
    mine.release()
    lease_of(store, THEIRS).take()


def test_a_dead_run_of_the_same_home_holds_nobody_up(store: Memory, time: Time) -> None:
    lease_of(store, MINE).take()
    lease_of(store, LATER).take()
    assert store.stored is not None
    assert store.stored[1] == LATER
    assert time.now == 1000.0


def test_a_lease_that_is_not_renewed_is_taken_over(store: Memory, time: Time) -> None:
    lease_of(store, THEIRS).take()
    time.now += LEASE_SECONDS - 1
    with pytest.raises(LockHeld):
        lease_of(store, MINE).take()
    time.now += 1
    lease_of(store, MINE).take()
    assert store.stored is not None
    assert store.stored[1] == MINE
    assert time.now == 1000.0 + LEASE_SECONDS + SETTLING_SECONDS


def test_of_two_that_take_over_at_once_one_gives_way(store: Memory, time: Time) -> None:
    lease_of(store, THEIRS).take()
    time.now += LEASE_SECONDS

    def another_takes_it_over() -> None:
        store.write(LATER)

    time.while_asleep = another_takes_it_over
    with pytest.raises(LockHeld):
        lease_of(store, MINE).take()


def test_a_lease_whose_age_is_not_told_ends_by_unlock_only(time: Time) -> None:
    store = Memory(time, tells_age=False)
    lease_of(store, THEIRS).take()
    time.now += 100 * LEASE_SECONDS
    with pytest.raises(LockHeld) as caught:
        lease_of(store, MINE).take()
    assert "does not end by itself" in caught.value.hint
    assert "extenci unlock" in caught.value.hint


def test_a_lease_that_could_not_be_renewed_in_time_lets_nothing_be_changed(store: Memory, time: Time) -> None:
    mine = lease_of(store, MINE)
    mine.take()
    time.now += LEASE_SECONDS - MARGIN_SECONDS
    with pytest.raises(ServiceError, match="could not be renewed in time") as caught:
        mine.check()
    assert caught.value.code == "LeaseLost"
    mine.release()
    assert store.stored is not None, "it may be another's by now"


LAG = 40.0


def late_lease(store: Memory, terms: LeaseTerms) -> Lease:
    return Lease(
        "stack", "cloud", store, terms, lag=lambda: LAG, clock=store.time.clock, sleep=store.time.sleep
    )


def test_a_lease_is_kept_from_others_while_they_do_not_see_all_that_was_made(
    store: Memory, time: Time
) -> None:
    mine = late_lease(store, MINE)
    mine.take()
    mine.release(lambda: False)
    with pytest.raises(LeaseHeld, match="changed on cloud a moment ago by me on laptop") as caught:
        late_lease(store, THEIRS).take()
    assert caught.value.ends_in == LAG
    late_lease(store, LATER).take()  # this home's journal knows what was made


def test_a_lease_of_a_command_that_is_over_ends_when_everything_shows(store: Memory, time: Time) -> None:
    mine = late_lease(store, MINE)
    mine.take()
    mine.release(lambda: False)
    time.now += LAG
    late_lease(store, THEIRS).take()


def test_a_dead_command_may_have_made_something_until_its_lease_ended(store: Memory, time: Time) -> None:
    late_lease(store, MINE).take()
    time.now += LEASE_SECONDS + LAG - 1
    with pytest.raises(LeaseHeld) as caught:
        late_lease(store, THEIRS).take()
    assert caught.value.ends_in is None
    time.now += 1
    late_lease(store, THEIRS).take()


@pytest.mark.parametrize("error", [Unreachable("No answer."), Interrupted("Stopped.")])
def test_a_lease_is_kept_where_nobody_can_say_what_shows(store: Memory, error: Exception) -> None:
    def fails() -> bool:
        raise error

    mine = late_lease(store, MINE)
    mine.take()
    mine.release(fails)
    assert store.read() is not None


def test_where_leases_do_not_end_by_themselves_it_is_waited_until_everything_shows(time: Time) -> None:
    store, told = Memory(time, tells_age=False), list[str]()
    mine = late_lease(store, MINE)
    mine.take()
    answers = iter((False, False, False, True))
    mine.release(lambda: next(answers), told.append)
    assert store.read() is None
    assert time.now == 1000.0 + 2 * WATCH_SECONDS
    assert told
    mine = late_lease(store, MINE)
    mine.take()
    mine.release(lambda: False, told.append)
    assert store.read() is None, "the time is over in which something may be late"

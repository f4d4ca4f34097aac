"""The executor: order, parallelism, what a failure blocks, and stopping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from extenci.apply.context import Outcomes
from extenci.apply.executor import execute
from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.errors import Interrupted, ServiceError
from extenci.model.outcome import Began, Ended, Made, Outcome, Progress, Status
from extenci.model.plan import Change
from extenci.model.work import ForgetWork


def change(name: str, *needs: str) -> Change:
    address = Address("cloud", name)
    return Change(name, address, Kind.IMAGE, Action.FORGET, 1, "", ForgetWork(()), depends_on=needs)


def run(
    changes: tuple[Change, ...],
    step: Callable[[Change, Outcomes], Outcome],
    *,
    parallelism: int = 4,
    stop: threading.Event | None = None,
    listener: Callable[[Progress], None] = lambda _event: None,
) -> dict[str, Outcome]:
    outcomes = execute(
        changes, step, parallelism=parallelism, stop=stop or threading.Event(), listener=listener
    )
    assert [outcome.change for outcome in outcomes] == [one.id for one in changes]
    return {outcome.change: outcome for outcome in outcomes}


def succeed(one: Change, _made: Outcomes) -> Outcome:
    return Outcome(one.id, Status.DONE, made=Made(f"ami-{one.id}"))


def test_a_change_begins_only_after_what_it_needs_and_sees_what_that_made() -> None:
    seen: dict[str, object] = {}

    def step(one: Change, made: Outcomes) -> Outcome:
        time.sleep(0.02)
        seen[one.id] = {needed: made[needed].made.image for needed in one.depends_on}
        return succeed(one, made)

    run((change("a"), change("b", "a"), change("c", "a", "b")), step)

    assert seen == {"a": {}, "b": {"a": "ami-a"}, "c": {"a": "ami-a", "b": "ami-b"}}


def test_never_more_changes_run_at_once_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def step(one: Change, made: Outcomes) -> Outcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return succeed(one, made)

    run(tuple(change(str(number)) for number in range(9)), step, parallelism=3)

    assert most == 3


def test_a_failure_blocks_what_depends_on_it_and_nothing_else() -> None:
    def step(one: Change, made: Outcomes) -> Outcome:
        if one.id == "a":
            raise ServiceError("The service said no.", "Ask again.")
        return succeed(one, made)

    outcomes = run((change("a"), change("b", "a"), change("c", "b"), change("d")), step)

    assert {id_: str(outcome.status) for id_, outcome in outcomes.items()} == {
        "a": "failed",
        "b": "blocked",
        "c": "blocked",
        "d": "done",
    }
    assert (outcomes["a"].message, outcomes["a"].hint) == ("The service said no.", "Ask again.")
    assert outcomes["b"].message == "waits for: a"


def test_a_defect_in_one_step_fails_that_change_only_and_tells_no_secret() -> None:
    def step(one: Change, made: Outcomes) -> Outcome:
        if one.id == "a":
            raise RuntimeError("secret-key-material")
        return succeed(one, made)

    outcomes = run((change("a"), change("b")), step)

    assert outcomes["a"].status is Status.FAILED
    assert "secret" not in outcomes["a"].message + outcomes["a"].hint
    assert outcomes["b"].status is Status.DONE


def test_after_a_stop_nothing_new_begins_and_what_runs_is_waited_for() -> None:
    stop = threading.Event()
    begun: list[str] = []

    def step(one: Change, made: Outcomes) -> Outcome:
        begun.append(one.id)
        stop.set()
        time.sleep(0.3)
        return succeed(one, made)

    outcomes = run((change("a"), change("b"), change("c", "a")), step, parallelism=1, stop=stop)

    assert begun == ["a"]
    assert [str(outcomes[id_].status) for id_ in "abc"] == ["done", "skipped", "skipped"]


def test_an_interrupted_step_is_skipped_and_so_is_what_waits_for_it() -> None:
    def step(one: Change, _made: Outcomes) -> Outcome:
        raise Interrupted(f"{one.id} was stopped")

    outcomes = run((change("a"), change("b", "a")), step)

    assert [str(outcomes[id_].status) for id_ in "ab"] == ["skipped", "skipped"]


def test_every_change_that_runs_is_told_to_begin_and_every_change_to_end() -> None:
    events: list[tuple[str, str]] = []

    def listener(event: Progress) -> None:
        match event:
            case Began(change=one):
                events.append(("began", one.id))
            case Ended(change=one, outcome=outcome):
                events.append((str(outcome.status), one.id))
            case _:
                raise AssertionError(event)

    def step(one: Change, _made: Outcomes) -> Outcome:
        raise ServiceError(f"no {one.id}")

    run((change("a"), change("b", "a")), step, listener=listener)

    assert events == [("began", "a"), ("failed", "a"), ("blocked", "b")]


def test_a_listener_that_fails_costs_no_outcome_and_ends_nothing() -> None:
    def listener(_event: Progress) -> None:
        raise OSError("stderr is closed")

    def step(one: Change, made: Outcomes) -> Outcome:
        if one.id == "a":
            raise ServiceError("no")
        return succeed(one, made)

    outcomes = run((change("a"), change("b", "a"), change("c")), step, listener=listener)

    assert [str(outcomes[id_].status) for id_ in "abc"] == ["failed", "blocked", "done"]

"""Carries out the changes of a plan in dependency order, several at a time, and reports the outcome of each.

It knows nothing of clouds: a step is a function from a change and the outcomes before it to an outcome. A
change that fails blocks only those that depend on it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from extenci.apply.listeners import unfailing
from extenci.model.errors import ExtenciError, Interrupted
from extenci.model.outcome import Began, Ended, Listener, Outcome, Status
from extenci.model.plan import Change

Step = Callable[[Change, Mapping[str, Outcome]], Outcome]
"""Does one change. Raises ExtenciError where it fails, Interrupted where it is told to stop."""


def execute(
    changes: tuple[Change, ...],
    step: Step,
    *,
    parallelism: int,
    stop: threading.Event,
    listener: Listener,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Outcome, ...]:
    """Do every change that can be done; one outcome for each, in the plan's order.

    Once `stop` is set no change is begun, and those that were begun are waited for.
    """
    listener = unfailing(listener)
    made: dict[str, Outcome] = {}
    waiting = list(changes)
    running: dict[Future[Outcome], Change] = {}
    with ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="step") as pool:
        while waiting or running:
            waiting = _settle_hindered(waiting, made, stop, listener)
            for change in _ready(waiting, made)[: parallelism - len(running)]:
                waiting.remove(change)
                future = pool.submit(_attempt, change, step, dict(made), listener, clock)
                running[future] = change
            # A signal handler runs between two waits: without a timeout Ctrl-C would have to wait.
            finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                made[running.pop(future).id] = future.result()
    return tuple(made[change.id] for change in changes)


def _ready(waiting: list[Change], made: Mapping[str, Outcome]) -> list[Change]:
    return [change for change in waiting if all(needed in made for needed in change.depends_on)]


def _settle_hindered(
    waiting: list[Change], made: dict[str, Outcome], stop: threading.Event, listener: Listener
) -> list[Change]:
    """Give the changes that can no longer be done their outcome; the others are returned."""
    free = []
    for change in waiting:  # in the plan's order, so that the changes which block one come before it
        outcome = _hindered(change, made, stop)
        if outcome is None:
            free.append(change)
        else:
            made[change.id] = outcome
            listener(Ended(change, outcome))
    return free


def _hindered(change: Change, made: Mapping[str, Outcome], stop: threading.Event) -> Outcome | None:
    obstacles = [
        needed for needed in change.depends_on if needed in made and made[needed].status is not Status.DONE
    ]
    if any(made[needed].status in _BLOCKING for needed in obstacles):
        return Outcome(change.id, Status.BLOCKED, f"waits for: {', '.join(obstacles)}")
    if obstacles or stop.is_set():
        return Outcome(change.id, Status.SKIPPED, "Nothing of it was done.")
    return None


def _attempt(
    change: Change, step: Step, made: Mapping[str, Outcome], listener: Listener, clock: Callable[[], float]
) -> Outcome:
    listener(Began(change))
    began = clock()
    try:
        outcome = step(change, made)
    except Interrupted as reason:
        outcome = Outcome(change.id, Status.SKIPPED, reason.message, reason.hint)
    except ExtenciError as error:
        outcome = Outcome(change.id, Status.FAILED, error.message, error.hint)
    except Exception as error:  # a defect of ours must not stop the other changes
        logging.getLogger(__name__).debug("A defect in %s", change.id, exc_info=True)
        outcome = Outcome(change.id, Status.FAILED, f"unexpected {type(error).__name__}", _DEFECT)
    outcome = replace(outcome, seconds=clock() - began)
    listener(Ended(change, outcome))
    return outcome


_BLOCKING = (Status.FAILED, Status.BLOCKED, Status.WAITING)

_DEFECT = (
    "This is a defect of extenci, and nothing is known to be lost: run the command again. "
    "EXTENCI_DEBUG=1 shows where it happened."
)

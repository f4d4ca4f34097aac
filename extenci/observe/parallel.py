"""Asking several questions side by side, without waiting for the answers after a Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from threading import Event
from typing import TypeVar

from extenci.model.errors import Interrupted

Answer = TypeVar("Answer")
Question = Callable[[], Answer]

LOOK_SECONDS = 0.1
"""How often `stop` is checked. Signal handlers, too, run only between two waits."""


def answers(questions: Mapping[str, Question[Answer]], stop: Event, at_once: int = 8) -> dict[str, Answer]:
    """The answer to each question, at most `at_once` asked at the same time.

    Raises the error of a question, of several the first in their order; Interrupted as soon as `stop` is set.
    Then, and after an error, questions under way are left behind: they only read, and a thread pool would
    hold up the end of the process until a silent service's last time limit.
    """
    futures: dict[str, Future[Answer]] = {name: Future() for name in questions}
    turns = threading.Semaphore(at_once)
    for name, question in questions.items():
        threading.Thread(
            target=_answer, args=(question, futures[name], turns), name=f"ask-{name}", daemon=True
        ).start()
    waiting = set(futures.values())
    while waiting and not any(future.done() and future.exception() for future in futures.values()):
        waiting = wait(waiting, timeout=LOOK_SECONDS, return_when=FIRST_EXCEPTION).not_done
        if stop.is_set():
            raise Interrupted("Reading the services was interrupted. Nothing was changed.")
    for future in futures.values():
        if future.done() and (error := future.exception()):
            raise error
    return {name: future.result() for name, future in futures.items()}


def _answer(question: Question[Answer], future: Future[Answer], turns: threading.Semaphore) -> None:
    with turns:
        try:
            future.set_result(question())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is awaited
            future.set_exception(error)

"""Reads an iterator in a background thread, so that Ctrl-C does not have to wait for a silent peer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from extenci.model.errors import Interrupted

Item = TypeVar("Item")

LOOK_SECONDS = 0.1
"""How often `stop` is checked. A signal's handler, too, runs only between two waits."""
AHEAD = 8
"""Items that are read in advance."""


class _End:
    """The end of the items, with the error that caused it, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def in_background(
    items: Callable[[], Iterator[Item]],
    stop: threading.Event,
    activity: str,
    on_wait: Callable[[float], None] = lambda _seconds: None,
) -> Iterator[Item]:
    """The items, read one after the other in another thread; their errors are raised here.

    Interrupted as soon as `stop` is set; `activity` begins its text. `on_wait` is called again and again with
    the seconds spent on waiting for items, and may raise. The thread then ends with the item that it waits
    for, and does not keep the process from ending.
    """
    given: queue.Queue[Item | _End] = queue.Queue(AHEAD)
    given_up = threading.Event()
    taker = threading.Thread(target=_take, args=(items, given, given_up), name="relay", daemon=True)
    taker.start()
    spent = 0.0
    try:
        while True:
            if stop.is_set():
                raise Interrupted(f"{activity} was stopped.")
            on_wait(spent)  # only now that the previous item is used, so that it is counted
            began, spent = time.monotonic(), 0.0
            try:
                item = given.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            finally:
                spent = time.monotonic() - began
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        given_up.set()


def _take(
    items: Callable[[], Iterator[Item]], given: queue.Queue[Item | _End], given_up: threading.Event
) -> None:
    try:
        for item in items():
            if not _give(item, given, given_up):
                return
        _give(_End(), given, given_up)
    except BaseException as error:  # noqa: BLE001 - raised again where the items are awaited
        _give(_End(error), given, given_up)


def _give(item: Item | _End, given: queue.Queue[Item | _End], given_up: threading.Event) -> bool:
    while not given_up.is_set():
        try:
            given.put(item, timeout=LOOK_SECONDS)
        except queue.Full:
            continue
        return True
    return False

"""What comes in by itself, taken by a thread, so that nobody has to wait for a silent peer after a Ctrl-C."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from extenci.model.errors import Interrupted

Item = TypeVar("Item")

LOOK_SECONDS = 0.1
"""How often `stop` is looked at. A signal's handler, too, runs only between two waits."""
AHEAD = 8
"""Items that are taken in advance."""


class _End:
    """Nothing follows, but for what went wrong."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def in_background(
    items: Callable[[], Iterator[Item]],
    stop: threading.Event,
    what: str,
    waited: Callable[[float], None] = lambda _seconds: None,
) -> Iterator[Item]:
    """The items, taken one after the other by another thread, and what they raise.

    Interrupted as soon as `stop` is set; `what` is the beginning of its text. `waited` is told, again and
    again, how many seconds were spent on waiting for items, and may raise. The thread then ends with the item
    it waits for, and does not keep the process from ending.
    """
    given: queue.Queue[Item | _End] = queue.Queue(AHEAD)
    given_up = threading.Event()
    taker = threading.Thread(target=_take, args=(items, given, given_up), name="relay", daemon=True)
    taker.start()
    spent = 0.0
    try:
        while True:
            if stop.is_set():
                raise Interrupted(f"{what} was stopped.")
            waited(spent)  # only now, when the item before is used: it counts for those who measure
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
    except BaseException as error:  # noqa: BLE001 - it is raised again where the items are awaited
        _give(_End(error), given, given_up)


def _give(item: Item | _End, given: queue.Queue[Item | _End], given_up: threading.Event) -> bool:
    while not given_up.is_set():
        try:
            given.put(item, timeout=LOOK_SECONDS)
        except queue.Full:
            continue
        return True
    return False

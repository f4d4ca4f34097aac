from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from extenci.catalog.upload_notes import Upload, UploadNote
from extenci.model.errors import Unreachable
from extenci.stage.sending import CONNECTIONS, WINDOW, Window


def new_note() -> UploadNote:
    return UploadNote(Upload("campus", "snap-1", "d" * 64), None, bytearray())


def test_no_more_than_a_window_is_held() -> None:
    started, let_go = threading.Semaphore(0), threading.Event()
    held, most = 0, 0
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        window = Window(pool, new_note(), lambda _: None)

        def call() -> None:
            started.release()
            let_go.wait(10)

        def fill() -> None:
            nonlocal held, most
            for number in range(WINDOW + 1):
                window.add(number, call)
                held, most = number + 1, max(most, number + 1)

        filler = threading.Thread(target=fill)
        filler.start()
        for _ in range(CONNECTIONS):
            assert started.acquire(timeout=10)
        filler.join(0.2)
        assert filler.is_alive()
        assert most == WINDOW
        let_go.set()
        filler.join(10)
        window.finish()
    assert window.done == WINDOW + 1


def add_all(window: Window, calls: Iterable[Callable[[], None]]) -> None:
    for number, call in enumerate(calls):
        window.add(number, call)


def test_the_first_failure_ends_all_and_drops_what_waits() -> None:
    made: list[int] = []
    let_go = threading.Event()

    def call(number: int) -> None:
        made.append(number)
        if number == 0:
            raise Unreachable("gone")
        let_go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        window = Window(pool, new_note(), lambda _: None)
        with pytest.raises(Unreachable):
            add_all(window, (partial(call, number) for number in range(1000)))
        threading.Timer(0.1, let_go.set).start()
        window.abandon()
    assert made in ([0], [0, 1])
    assert window.done == len(made) - 1


def test_done_calls_are_counted_as_they_end() -> None:
    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        window = Window(pool, new_note(), seen.append)
        for number in range(100):
            window.add(number, lambda: None)
        window.finish()
    assert seen == sorted(seen)
    assert seen[-1] == 100

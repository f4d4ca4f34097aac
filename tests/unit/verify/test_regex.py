"""Searches of text: the largest that is searched, and the end of one that takes too long."""

from __future__ import annotations

import threading
import time

import pytest

from extenci.verify.halt import Halt
from extenci.verify.regex import LARGEST, SearchResult, search

ENDLESS = ("(a+)+$", "a" * 40 + "!")
"""A pattern and a text on which it takes longer than anybody waits."""


@pytest.mark.parametrize("letter", ["x", "\u3042"])
def test_the_largest_text_is_searched_as_a_whole(letter: str) -> None:
    text = "first\n" + letter * (LARGEST - 11) + "\nlast"
    halt = Halt(threading.Event())
    assert search("^first$", text, halt) is SearchResult.YES
    assert search("^last$", text, halt) is SearchResult.YES
    assert search("^other$", text, halt) is SearchResult.NO


def test_a_search_that_takes_too_long_ends() -> None:
    begin = time.monotonic()
    assert search(*ENDLESS, Halt(threading.Event()), seconds=0.3) is SearchResult.TOO_SLOW
    assert time.monotonic() - begin < 3


def test_a_search_ends_when_a_stop_is_requested() -> None:
    stop = threading.Event()
    stop.set()
    begin = time.monotonic()
    assert search(*ENDLESS, Halt(stop)) is SearchResult.TOO_SLOW
    assert time.monotonic() - begin < 3

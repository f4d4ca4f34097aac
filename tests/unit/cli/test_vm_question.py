"""What a person types about a test VM, in a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from extenci.cli.vm_question import ALL_ANSWERS, YES_OR_NO, Answers, read_answer
from extenci.model.errors import Interrupted
from extenci.model.verdict import Answer

Type = Callable[[bytes], object]
END = b"\x04"


@pytest.fixture
def type_(monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Types into the terminal that standard input is."""
    keyboard, terminal = pty.openpty()
    with os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda typed: os.write(keyboard, typed)
    os.close(keyboard)


@pytest.mark.parametrize(
    ("answers", "typed", "answer"),
    [
        (ALL_ANSWERS, b"yes\n", Answer.YES),
        (ALL_ANSWERS, b" N \n", Answer.NO),
        (ALL_ANSWERS, b"keep\n", Answer.KEEP),
        (ALL_ANSWERS, b"perhaps\nw\n", Answer.WAIT),
        (ALL_ANSWERS, END, Answer.WAIT),
        (YES_OR_NO, b"y\n", Answer.YES),
        (YES_OR_NO, b"keep\nwait\n\nno\n", Answer.NO),
    ],
)
def test_an_answer_is_read(type_: Type, answers: Answers, typed: bytes, answer: Answer) -> None:
    type_(typed)
    assert read_answer(answers, Event()) is answer


def test_what_is_no_answer_is_asked_again(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    type_(b"keep\nyes\n")
    read_answer(YES_OR_NO, Event())
    assert capsys.readouterr().err == (
        "Does it work? (yes, no) Please say yes or no.\nDoes it work? (yes, no) "
    )


def test_where_only_yes_and_no_count_the_end_of_the_input_is_no_answer(type_: Type) -> None:
    type_(END)
    with pytest.raises(Interrupted):
        read_answer(YES_OR_NO, Event())


def test_a_stop_ends_the_question(type_: Type) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Interrupted):
        read_answer(ALL_ANSWERS, stop)

"""A person's word about a test VM."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock

from extenci.cli.progress import ProgressView
from extenci.cli.signals import Stopping
from extenci.cli.terminal import palette_of, write_aside
from extenci.model.errors import Interrupted
from extenci.model.verdict import Answer, Question


@dataclass(frozen=True)
class Choice:
    """What a person may say: the prompt, the answers by what is typed, what is said to anything else, and
    what the end of the input means (None: that nobody will answer)."""

    prompt: str
    answers: Mapping[str, Answer]
    again: str
    end: Answer | None


YES_OR_NO = Choice(
    "Does it work? (yes, no) ",
    {"y": Answer.YES, "yes": Answer.YES, "n": Answer.NO, "no": Answer.NO},
    "Please say yes or no.\n",
    None,
)
ANY = Choice(
    "Does it work? (yes, no, keep, wait) ",
    {**YES_OR_NO.answers, "k": Answer.KEEP, "keep": Answer.KEEP, "w": Answer.WAIT, "wait": Answer.WAIT},
    "Please say yes, no, keep or wait.\n",
    Answer.WAIT,
)
PAUSE = 0.2
"""Seconds between two looks whether somebody pressed Ctrl-C."""


def asker(
    answer: Answer | None, progress: ProgressView, stopping: Stopping, choice: Choice = ANY
) -> Callable[[Question], Answer] | None:
    """Who is asked: nobody where the answer was given in advance; None where there is no terminal. One
    question at a time; Interrupted at Ctrl-C, and where the input ends and that is no answer."""
    if answer is not None:
        return lambda _question: answer
    if not sys.stdin.isatty():
        return None
    turn = Lock()

    def ask(question: Question) -> Answer:
        from extenci.report.verify.question import render_question

        with turn:
            progress.pause()
            text = render_question(question, palette=palette_of(sys.stderr), is_brief=choice is YES_OR_NO)
            write_aside(text)
            return read_answer(choice, stopping.event)

    return ask


def read_answer(choice: Choice, stop: Event) -> Answer:
    """What the person says."""
    while True:
        write_aside(choice.prompt)
        line = read_line(stop)
        if not line:
            write_aside("\n")
            if choice.end is None:
                raise unanswered()
            return choice.end
        if (answer := choice.answers.get(line.strip().lower())) is not None:
            return answer
        write_aside(choice.again)


def read_line(stop: Event) -> str:
    """A line of standard input, "" at its end. It is read in a thread, which no signal reaches."""
    while not stop.is_set():
        if select.select([sys.stdin], [], [], PAUSE)[0]:
            return sys.stdin.readline()
    raise unanswered()


def unanswered() -> Interrupted:
    """The end of a question without an answer."""
    return Interrupted("Nobody said whether it works. The test VM was ended; the image stays staged.")

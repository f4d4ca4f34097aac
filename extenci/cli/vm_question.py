"""The question whether a test VM works, and a person's answer."""

from __future__ import annotations

import select
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from extenci.cli.terminal import palette_of, write_aside
from extenci.model.errors import Interrupted, UsageError
from extenci.model.verdict import Answer, Ask, Question

if TYPE_CHECKING:
    from extenci.cli.job import Job


@dataclass(frozen=True)
class Answers:
    """The answers to choose from: the prompt, each answer by what is typed, the response to anything else,
    and the answer that the end of the input stands for (None: nobody will answer)."""

    prompt: str
    by_word: Mapping[str, Answer]
    reminder: str
    at_end: Answer | None


YES_OR_NO = Answers(
    "Does it work? (yes, no) ",
    {"y": Answer.YES, "yes": Answer.YES, "n": Answer.NO, "no": Answer.NO},
    "Please say yes or no.\n",
    None,
)
ALL_ANSWERS = Answers(
    "Does it work? (yes, no, keep, wait) ",
    {**YES_OR_NO.by_word, "k": Answer.KEEP, "keep": Answer.KEEP, "w": Answer.WAIT, "wait": Answer.WAIT},
    "Please say yes, no, keep or wait.\n",
    Answer.WAIT,
)
POLL_SECONDS = 0.2
"""Seconds between two checks whether somebody pressed Ctrl-C."""


def given_answer(yes: bool, no: bool) -> Answer | None:
    """The answer that --yes or --no gives in advance (UsageError for both)."""
    if yes and no:
        raise UsageError("--yes and --no contradict each other.", "Give one of them.")
    return Answer.YES if yes else Answer.NO if no else None


def make_ask(job: Job, answers: Answers = ALL_ANSWERS) -> Ask | None:
    """The function that asks a person; None where there is no terminal. It raises Interrupted at Ctrl-C, and
    at the end of the input where that stands for no answer."""
    if not sys.stdin.isatty():
        return None

    def ask(question: Question) -> Answer:
        from extenci.report.verify.question import render_question

        job.progress.pause()
        is_brief = answers is YES_OR_NO
        write_aside(render_question(question, palette=palette_of(sys.stderr), is_brief=is_brief))
        return read_answer(answers, job.stopping.event)

    return ask


def read_answer(answers: Answers, stop: Event) -> Answer:
    """Prompt until the person gives one of the answers."""
    while not stop.is_set():
        write_aside(answers.prompt)
        line = read_line(stop)
        if not line:
            write_aside("\n")
            if answers.at_end is None:
                raise unanswered()
            return answers.at_end
        if (answer := answers.by_word.get(line.strip().lower())) is not None:
            return answer
        write_aside(answers.reminder)
    raise unanswered()


def read_line(stop: Event) -> str:
    """A line of standard input, "" at its end. It is read in a thread, which no signal reaches."""
    while not stop.is_set():
        if select.select([sys.stdin], [], [], POLL_SECONDS)[0]:
            return sys.stdin.readline()
    raise unanswered()


def unanswered() -> Interrupted:
    """The error for a question that was not answered."""
    return Interrupted("Nobody said whether it works.")

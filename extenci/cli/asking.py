"""A person's word about a test VM."""

from __future__ import annotations

import sys
from collections.abc import Callable

from extenci.cli.progress import Progress
from extenci.cli.signals import Stopping
from extenci.cli.terminal import palette_of, write_aside
from extenci.model.trials import Question
from extenci.model.words import Answer

ANSWERS = {
    "y": Answer.YES,
    "yes": Answer.YES,
    "n": Answer.NO,
    "no": Answer.NO,
    "k": Answer.KEEP,
    "keep": Answer.KEEP,
    "w": Answer.WAIT,
    "wait": Answer.WAIT,
}
PROMPT = "Does it work? (yes, no, keep, wait) "


def asker(
    answer: Answer | None, progress: Progress, stopping: Stopping
) -> Callable[[Question], Answer] | None:
    """Who is asked: nobody where the answer was given in advance; None where there is no terminal."""
    if answer is not None:
        return lambda _question: answer
    if not sys.stdin.isatty():
        return None

    def ask(question: Question) -> Answer:
        from extenci.report.verify_question import render_question

        progress.pause()
        write_aside(render_question(question, palette=palette_of(sys.stderr)))
        with stopping.asking():
            return read_answer()

    return ask


def read_answer() -> Answer:
    """What the person says; the end of the input means: not now."""
    while True:
        write_aside(PROMPT)
        line = sys.stdin.readline()
        if not line:
            write_aside("\n")
            return Answer.WAIT
        if (answer := ANSWERS.get(line.strip().lower())) is not None:
            return answer
        write_aside("Please say yes, no, keep or wait.\n")

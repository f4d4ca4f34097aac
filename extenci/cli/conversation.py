"""What apply and destroy share: showing the plan, asking, progress, signals, the result."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extenci.cli.options import Format
from extenci.cli.progress import ProgressView, open_progress
from extenci.cli.question import asker
from extenci.cli.signals import Stopping
from extenci.cli.terminal import palette_of, width_of, write_aside, write_result
from extenci.model.errors import Declined
from extenci.model.outcome import Result
from extenci.model.plan import Plan

if TYPE_CHECKING:
    from extenci.api import Options


@dataclass(frozen=True)
class Words:
    """How a kind of plan is spoken of: the question, and what is said of one without changes (None: what any
    plan says then)."""

    question: str = "Apply this plan"
    nothing: str | None = None


class Conversation:
    """Shows the plan of an apply, and asks about it."""

    def __init__(
        self, output: Format, progress: ProgressView, stopping: Stopping, words: Words = Words()
    ) -> None:
        self._output = output
        self._words = words
        self._progress = progress
        self._stopping = stopping
        self.declined = False

    def show(self, plan: Plan) -> None:
        """Print the plan; to stderr where stdout is for one JSON document."""
        from extenci.report.plan.text import render_plan

        self._progress.pause()
        aside = self._output is Format.JSON
        stream = sys.stderr if aside else sys.stdout
        text = render_plan(plan, palette=palette_of(stream), width=width_of(stream))
        if plan.is_empty and not plan.warnings and self._words.nothing is not None:
            text = self._words.nothing
        (write_aside if aside else write_result)(text + "\n" if plan.changes else text)

    def ask(self, plan: Plan) -> bool:
        """Ask whether to go ahead; Declined where nobody can be asked."""
        self._progress.pause()
        if not sys.stdin.isatty():
            raise Declined(
                "Nobody can be asked whether to apply this plan, since standard input is no terminal. "
                "Nothing was done.",
                "Give --auto-approve (-y) to apply without a question.",
            )
        verb = "Destroy all this" if plan.destroy else self._words.question
        with self._stopping.asking():
            write_aside(f'{verb}? Only "yes" or "y" goes ahead: ')
            answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            write_aside("\n")
        self.declined = answer.strip().lower() not in {"yes", "y"}
        return not self.declined


def carry_out(
    start: Callable[[Options], Result],
    options: Options,
    *,
    output: Format,
    auto_approve: bool,
    words: Words = Words(),
) -> int:
    """Run an apply with everything around it, and return the exit status."""
    progress = open_progress()
    stopping = Stopping()
    conversation = Conversation(output, progress, stopping, words)
    options = replace(
        options,
        approve=None if auto_approve else conversation.ask,
        on_plan=conversation.show,
        listener=progress.listen,
        stop=stopping.event,
        command=command_line(),
        ask=asker(None, progress, stopping),
    )
    try:
        with stopping.handling():
            result = start(options)
    except Declined:
        if not conversation.declined:
            raise
        write_aside("Nothing was done.\n")
        return 1
    finally:
        progress.pause()
    write_outcome(result, output)
    return exit_status(result)


WAITING_STATUS = 3


def exit_status(result: Result) -> int:
    """0 done; 3 where all that is not done waits for a person; else 1."""
    if result.ok:
        return 0
    return WAITING_STATUS if result.waits else 1


def write_outcome(result: Result, output: Format) -> None:
    """Print the result; nothing after a plan that says itself that there is nothing to do."""
    if output is Format.JSON:
        from extenci.report.plan.json import render_json
        from extenci.report.result.json import result_document

        write_result(render_json(result_document(result)))
    elif not result.plan.is_empty:
        from extenci.report.result.text import render_result

        write_result(render_result(result, palette=palette_of(sys.stdout), width=width_of(sys.stdout)))


def command_line() -> str:
    """The command as it was typed, for the record of who holds the lock."""
    return shlex.join(["extenci", *sys.argv[1:]])

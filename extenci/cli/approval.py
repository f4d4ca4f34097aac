"""Jobs that show their plan and ask whether to carry it out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extenci.cli.job import Job, exit_status
from extenci.cli.options import RunFormat
from extenci.cli.terminal import is_yes, palette_of, width_of, write_aside, write_json, write_result
from extenci.cli.vm_question import make_ask
from extenci.model.errors import Declined, ExtenciError

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.cli.events import EventStream
    from extenci.model.outcome import Result
    from extenci.model.plan import Plan


@dataclass(frozen=True)
class ApprovalTexts:
    """The question about a kind of plan, and the text shown for one without changes (None: the plan's
    own)."""

    question: str = "Apply this plan"
    nothing: str | None = None


class ApprovalPrompt:
    """Shows a plan, and asks whether to carry it out."""

    def __init__(
        self,
        output: RunFormat,
        job: Job,
        texts: ApprovalTexts = ApprovalTexts(),
        events: EventStream | None = None,
    ) -> None:
        self._output = output
        self._job = job
        self._texts = texts
        self._events = events
        self.declined = False

    def show(self, plan: Plan) -> None:
        """Print the plan; to stderr where stdout is for JSON."""
        from extenci.report.plan.text import render_plan

        self._job.progress.pause()
        if self._events is not None:
            self._events.plan(plan)
        aside = self._output is not RunFormat.TEXT
        stream = sys.stderr if aside else sys.stdout
        text = render_plan(
            plan, palette=palette_of(stream), width=width_of(stream), nothing=self._texts.nothing
        )
        (write_aside if aside else write_result)(text + "\n" if plan.changes else text)

    def ask(self, plan: Plan) -> bool:
        """Ask whether to carry out the plan; Declined where nobody can be asked."""
        self._job.progress.pause()
        if not sys.stdin.isatty():
            raise Declined(
                "Nobody can be asked whether to apply this plan, since standard input is no terminal. "
                "Nothing was done.",
                "Give --auto-approve (-y) to apply it without confirmation.",
            )
        question = "Destroy all this" if plan.destroy else self._texts.question
        with self._job.stopping.asking():
            self.declined = not is_yes(f"{question}?")
        return not self.declined


def run_approved(
    start: Callable[[Options], Result],
    options: Options,
    *,
    output: RunFormat,
    auto_approve: bool,
    texts: ApprovalTexts = ApprovalTexts(),
) -> int:
    """Run a job that asks for approval, print its result, and return the exit status."""
    from extenci.cli.events import EventStream

    events = EventStream() if output is RunFormat.EVENTS else None
    job = Job(listener=events.listen if events else None, gives_reasons=output is not RunFormat.TEXT)
    prompt = ApprovalPrompt(output, job, texts, events)
    options = replace(
        options,
        approve=None if auto_approve else prompt.ask,
        on_plan=prompt.show,
        ask=make_ask(job),
    )
    try:
        result = job.run(start, options)
    except ExtenciError as error:
        if events is not None:
            events.error(error)
        if not (isinstance(error, Declined) and prompt.declined):
            raise
        write_aside("Nothing was done.\n")
        return 1
    if events is not None:
        events.result(result)
    else:
        write_outcome(result, output)
    return exit_status(result)


def write_outcome(result: Result, output: RunFormat) -> None:
    """Print the result; nothing after a plan that has said that there is nothing to do."""
    if output is RunFormat.JSON:
        from extenci.report.result.json import result_document

        write_json(result_document(result))
    elif not result.plan.is_empty:
        from extenci.report.result.text import render_result

        write_result(render_result(result, palette=palette_of(sys.stdout), width=width_of(sys.stdout)))

"""Jobs that verify images: verify, confirm and test-vm."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from extenci.cli.job import Job, exit_status
from extenci.cli.options import VerifyFormat
from extenci.cli.terminal import palette_of, width_of, write_json, write_result
from extenci.cli.vm_question import make_ask

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.model.outcome import Result
    from extenci.model.verdict import Answer, Ask, VerifyResult


def run_verification(
    start: Callable[[Options], Result],
    options: Options,
    output: VerifyFormat,
    ask_of: Callable[[Job], Ask | None] = make_ask,
    answer: Answer | None = None,
) -> int:
    """Run a job that verifies images, print its result, and return the exit status. `ask_of` makes the
    function that asks about test VMs, unless the `answer` is given in advance."""
    job = Job(gives_reasons=output is not VerifyFormat.TEXT)
    if answer is not None:
        options = replace(options, answer=lambda _question: answer)
    if options.answer is None:
        options = replace(options, ask=ask_of(job))
    result = job.run(start, options)
    write_verification(result, output)
    return exit_status(result)


def write_verification(result: Result, output: VerifyFormat) -> None:
    """Print the result in a format."""
    verified = verifications_of(result)
    match output:
        case VerifyFormat.JSON:
            from extenci.report.result.json import result_document
            from extenci.report.verify.json import verification_document

            document = verification_document(verified, result.plan.unread)
            write_json({**document, "result": result_document(result)})
        case VerifyFormat.JUNIT:
            from extenci.report.verify.junit import results_junit

            write_result(results_junit(verified, result.plan.unread))
        case VerifyFormat.TEXT:
            found = [one.verified for one in result.outcomes if one.verified is not None]
            write_result(render_text(result, found))


def verifications_of(result: Result) -> list[VerifyResult]:
    """The verification of every version; one that could not be carried out counts as failed, so that no
    report looks green then."""
    from extenci.model.outcome import Status
    from extenci.model.verdict import Decision, Verdict, VerifyResult
    from extenci.model.work import VerifyWork

    found = []
    for change, outcome in zip(result.plan.changes, result.outcomes, strict=True):
        if outcome.verified is not None:
            found.append(outcome.verified)
        elif isinstance(change.work, VerifyWork) and outcome.status is not Status.DONE:
            reason = outcome.message or "It was not tried."
            decision = Decision(Verdict.FAILED, reason)
            found.append(VerifyResult(change.address, change.work.version, decision))
    return found


def render_text(result: Result, verified: Sequence[VerifyResult]) -> str:
    """The verdict on each version; where one could not be verified, or a service was left out, the reason."""
    from extenci.model.outcome import Status
    from extenci.report.result.text import render_result
    from extenci.report.verify.text import render_results

    if result.plan.is_empty and not result.plan.unread and not result.unrecorded:
        return "This was said before, and nothing is left to do.\n"
    palette, width = palette_of(sys.stdout), width_of(sys.stdout)
    told = {outcome.change for outcome in result.outcomes if outcome.verified is not None}
    untold = any(one.status is not Status.DONE and one.change not in told for one in result.outcomes)
    parts = [render_results(verified, palette=palette, width=width)] if verified else []
    if untold or result.plan.unread or not verified:
        parts.append(render_result(result, palette=palette, width=width))
    return "\n".join(parts)

"""What verify, confirm and test-vm share: which images, and how the result is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.cli.conversation import command_line, exit_status
from extenci.cli.progress import ProgressView, open_progress
from extenci.cli.question import asker
from extenci.cli.signals import Stopping
from extenci.cli.terminal import palette_of, width_of, write_result
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import UsageError
from extenci.model.outcome import Result, Status
from extenci.model.verdict import Answer, Ask, Decision, Verdict, VerifyResult
from extenci.model.work import VerifyWork

if TYPE_CHECKING:
    from extenci.api import Options


Asking = Callable[[Answer | None, ProgressView, Stopping], Ask | None]
"""Says who is asked, given an answer that was said in advance."""


class VerifyFormat(StrEnum):
    """How the result of a trial is printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def selected(what: Sequence[str], service: str | None, type_: str | None) -> Desired:
    """The specs that addresses and paths name, with what the command line says about test VMs."""
    from extenci import api

    targets = [one for one in what if is_address(one)]
    paths = [Path(one) for one in what if one not in targets]
    desired = api.load(paths, service=service, targets=targets)
    return api.on_type(desired, type_) if type_ else desired


def is_address(text: str) -> bool:
    """Whether an argument is SERVICE/NAME rather than a path: nothing of that name is there."""
    parts = text.split("/")
    return len(parts) == 2 and all(parts) and not Path(text).exists()


def carry_out(
    start: Callable[[Options], Result],
    options: Options,
    output: VerifyFormat,
    answer: Answer | None = None,
    *,
    asking: Asking = asker,
) -> int:
    """Run a trial with everything around it, and return the exit status."""
    progress, stopping = open_progress(), Stopping()
    options = replace(
        options,
        listener=progress.listen,
        stop=stopping.event,
        command=command_line(),
        ask=asking(answer, progress, stopping),
    )
    try:
        with stopping.handling():
            result = start(options)
    finally:
        progress.pause()
    write_result(render(result, output))
    return exit_status(result)


def render(result: Result, output: VerifyFormat) -> str:
    """The result as it was asked for."""
    verified = verifications_of(result)
    match output:
        case VerifyFormat.JSON:
            from extenci.report.plan.json import render_json
            from extenci.report.result.json import result_document
            from extenci.report.verify.json import results_document

            return render_json({**results_document(verified), "result": result_document(result)})
        case VerifyFormat.JUNIT:
            from extenci.report.verify.junit import results_junit

            return results_junit(verified)
        case VerifyFormat.TEXT:
            return render_text(result, [one.verified for one in result.outcomes if one.verified is not None])


def verifications_of(result: Result) -> list[VerifyResult]:
    """What became of every version, also where the trial itself failed: a report must not look green then."""
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
    """What became of each version; of what could not be tried, why."""
    from extenci.report.result.text import render_result
    from extenci.report.verify.text import render_results

    palette, width = palette_of(sys.stdout), width_of(sys.stdout)
    told = {outcome.change for outcome in result.outcomes if outcome.verified is not None}
    untold = any(one.status is not Status.DONE and one.change not in told for one in result.outcomes)
    parts = [render_results(verified, palette=palette, width=width)] if verified else []
    if untold or not verified:
        parts.append(render_result(result, palette=palette, width=width))
    return "\n".join(parts)


def as_address(text: str) -> Address:
    """SERVICE/NAME as an address (UsageError)."""
    try:
        return Address.parse(text)
    except ValueError:
        raise UsageError(f"{text!r} is no address.", "Give SERVICE/NAME, such as sandbox/worker.") from None

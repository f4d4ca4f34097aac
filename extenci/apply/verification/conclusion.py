"""The end of a verification: a failed version is unstaged, and the outcome says why."""

from __future__ import annotations

from dataclasses import replace

from extenci.apply.context import ChangeContext
from extenci.apply.verification.summary import save_summary
from extenci.apply.verification.verdict import VerdictSubject, unstage_failed
from extenci.model.outcome import Made, Outcome, Status
from extenci.model.verdict import Verdict, VerifyResult

CONSOLE_LINES = 8
"""Last lines of the console that the message about a failed version has."""


def conclude(
    subject: VerdictSubject, verified: VerifyResult, is_left: bool, context: ChangeContext
) -> Outcome:
    """Unstage a failed version, unless it `is_left`; the outcome of the verification."""
    save_summary(verified)
    change, reason = context.change.id, verified.decision.reason
    match verified.verdict:
        case Verdict.PASSED:
            return Outcome(change, Status.DONE, made=Made(subject.image), verified=verified)
        case Verdict.WAITING:
            hint = f"Say `extenci confirm {context.change.address} --yes` or `--no`."
            return Outcome(change, Status.WAITING, reason, hint, verified=verified)
        case _:
            became = "It stays staged." if is_left else unstage_failed(subject, context)
            message = " ".join((reason, became, *console_lines(verified)))
            decision = replace(verified.decision, reason=f"{reason} {became}")
            verified = replace(verified, decision=decision)
            return Outcome(change, Status.FAILED, message, evidence_hint(verified), verified=verified)


def console_lines(verified: VerifyResult) -> tuple[str, ...]:
    """The end of the console's output, as a part of the message about a failure."""
    end = verified.report.console_end.strip() if verified.report else ""
    return ("The console ends with:\n" + "\n".join(end.splitlines()[-CONSOLE_LINES:]),) if end else ()


def evidence_hint(verified: VerifyResult) -> str:
    """A hint that names the folder of the evidence, "" where there is none."""
    folder = verified.report.folder if verified.report else None
    return f"The evidence is in {folder}." if folder else ""

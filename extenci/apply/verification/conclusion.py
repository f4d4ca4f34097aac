"""The end of a verification: a failed version is unstaged, and the outcome says why."""

from __future__ import annotations

from dataclasses import replace

from extenci.apply.context import ChangeContext
from extenci.apply.verification.verdict import Candidate, unstage_failed
from extenci.model.address import Verdict
from extenci.model.outcome import Made, Outcome, Status
from extenci.model.verified import Verified
from extenci.verify.summary import save_summary

CONSOLE_LINES = 8
"""Last lines of the console that the message about a failed version has."""


def conclude(candidate: Candidate, verified: Verified, is_left: bool, context: ChangeContext) -> Outcome:
    """Unstage a failed version, unless it `is_left`; the outcome of the verification."""
    save_summary(verified)
    change, reason = context.change.id, verified.judgement.reason
    match verified.verdict:
        case Verdict.PASSED:
            return Outcome(change, Status.DONE, made=Made(candidate.image), verified=verified)
        case Verdict.WAITING:
            hint = f"Say `extenci confirm {context.change.address} --yes` or `--no`."
            return Outcome(change, Status.WAITING, reason, hint, verified=verified)
        case _:
            became = "It stays staged." if is_left else unstage_failed(candidate, context)
            message = " ".join((reason, became, *console_lines(verified)))
            judgement = replace(verified.judgement, reason=f"{reason} {became}")
            verified = replace(verified, judgement=judgement)
            return Outcome(change, Status.FAILED, message, evidence_hint(verified), verified=verified)


def console_lines(verified: Verified) -> tuple[str, ...]:
    """The end of the console's output, as a part of the message about a failure."""
    end = verified.examination.console_end.strip() if verified.examination else ""
    return ("The console ends with:\n" + "\n".join(end.splitlines()[-CONSOLE_LINES:]),) if end else ()


def evidence_hint(verified: Verified) -> str:
    """A hint that names the folder of the evidence, "" where there is none."""
    folder = verified.examination.folder if verified.examination else None
    return f"The evidence is in {folder}." if folder else ""

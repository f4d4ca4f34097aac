"""The end of a verification, and a person's answer to it: the outcome says what became of the version."""

from __future__ import annotations

from dataclasses import replace

from extenci.apply.context import ChangeContext
from extenci.apply.verification.machine import format_time
from extenci.apply.verification.summary import save_summary
from extenci.apply.verification.verdict import VerdictSubject, unstage_failed
from extenci.model.outcome import Made, Outcome, Status
from extenci.model.verdict import Answer, Verdict, VerifyResult
from extenci.verify.judge import judge_answer

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
            return conclude_failed(change, verified, became)


def conclude_failed(change: str, verified: VerifyResult, became: str) -> Outcome:
    """The outcome of a verification that failed; `became` says what that meant for the image."""
    reason = " ".join(filter(None, (verified.decision.reason, became, kept_phrase(verified))))
    message = " ".join((reason, *console_lines(verified)))
    verified = replace(verified, decision=replace(verified.decision, reason=reason))
    return Outcome(change, Status.FAILED, message, evidence_hint(verified), verified=verified)


def conclude_answer(
    waited: Outcome, answer: Answer, became: str, by: str, expires: float | None = None
) -> Outcome:
    """The outcome of a verification that waited, once a person's answer was carried out; `became` says what
    that meant for the image, `by` who answered, and `expires` how long a test VM that is kept runs on."""
    before = waited.verified
    assert before is not None  # noqa: S101 - what waits was verified
    decision = judge_answer(before.decision, yes=answer is Answer.YES, by=by)
    verified = replace(before, decision=decision, kept=expires is not None, expires=expires)
    if answer is Answer.YES:
        done = Outcome(waited.change, Status.DONE, made=Made(before.image), verified=verified)
    else:
        done = conclude_failed(waited.change, verified, became)
    if done.verified is not None:
        save_summary(done.verified)
    return replace(done, seconds=waited.seconds)


def kept_phrase(verified: VerifyResult) -> str:
    """Until when a test VM that failed runs on, and how to end it before; "" where it was ended."""
    if not verified.kept or verified.expires is None:
        return ""
    place = f" at {verified.host}" if verified.host else ""
    return (
        f"Its test VM {verified.machine}{place} was kept, and runs until {format_time(verified.expires)}; "
        f"`extenci verify --end {verified.address}` ends it before."
    )


def console_lines(verified: VerifyResult) -> tuple[str, ...]:
    """The end of the console's output, as a part of the message about a failure."""
    end = verified.report.console_end.strip() if verified.report else ""
    return ("The console ends with:\n" + "\n".join(end.splitlines()[-CONSOLE_LINES:]),) if end else ()


def evidence_hint(verified: VerifyResult) -> str:
    """A hint that names the folder of the evidence, "" where there is none."""
    folder = verified.report.folder if verified.report else None
    return f"The evidence is in {folder}." if folder else ""

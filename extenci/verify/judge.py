"""Evidence → verdict, and the sentences that say why. Pure."""

from __future__ import annotations

from extenci.model.address import Verdict
from extenci.model.verification import Evidence, Examination
from extenci.model.verified import Judgement


def judge(examination: Examination, *, confirm: bool = False) -> Judgement:
    """Failed where the console leaves no hope or a check failed; else passed, or, with `confirm`, waiting for
    a person."""
    if examination.alarm:
        return Judgement(
            Verdict.FAILED,
            f"The machine did not come up: its console shows {examination.alarm!r}.",
            tuple(sentence(one) for one in examination.evidence if not one.passed and one.tries),
        )
    failed = [one for one in examination.evidence if not one.passed]
    if failed:
        return Judgement(
            Verdict.FAILED, reason_of(failed, len(examination.evidence)), tuple(map(sentence, failed))
        )
    passed = passed_phrase(len(examination.evidence))
    if confirm:
        return Judgement(Verdict.WAITING, f"{passed} A person must also say yes.")
    return Judgement(Verdict.PASSED, passed)


def answered(judgement: Judgement, *, yes: bool) -> Judgement:
    """The verdict after a person's word, which is the last one."""
    if yes:
        failed = judgement.verdict is Verdict.FAILED
        return Judgement(Verdict.PASSED, "A person said yes" + (", though checks failed." if failed else "."))
    return Judgement(Verdict.FAILED, "A person said no.", judgement.details)


def expired(judgement: Judgement) -> Judgement:
    """The verdict where nobody said anything in time."""
    return Judgement(Verdict.EXPIRED, "No person said yes or no in time.", judgement.details)


def unreached(reason: str) -> Judgement:
    """The verdict where there was no machine to examine: it did not run in time, or has no address."""
    return Judgement(Verdict.FAILED, reason)


def reason_of(failed: list[Evidence], total: int) -> str:
    """One sentence: the first check that failed, and how many did."""
    first = failed[0]
    more = f" ({len(failed)} of {total} checks failed)" if len(failed) > 1 else ""
    return f"The check '{first.check}' failed: {first.message}{more}."


def sentence(evidence: Evidence) -> str:
    """What one check that failed found."""
    tries = f" after {evidence.tries} tries" if evidence.tries > 1 else ""
    return f"{evidence.check} failed{tries}: {evidence.message}"


def passed_phrase(count: int) -> str:
    """What is known where nothing failed."""
    if count == 0:
        return "The machine runs; there are no checks."
    return "Its check passed." if count == 1 else f"All {count} checks passed."

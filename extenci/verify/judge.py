"""Evidence → verdict, with the sentences that explain it. Pure."""

from __future__ import annotations

from extenci.model.verdict import Decision, Evidence, MachineReport, Verdict, reason_of


def judge(report: MachineReport, *, confirm: bool = False) -> Decision:
    """Failed where the console shows an alarm or a check failed; else passed or, with `confirm`, waiting for
    a person."""
    if report.alarm:
        return Decision(
            Verdict.FAILED,
            f"The machine did not come up: its console shows {report.alarm!r}.",
            tuple(sentence(one) for one in report.evidence if not one.passed and one.tries),
        )
    failed = [one for one in report.evidence if not one.passed]
    if failed:
        return Decision(Verdict.FAILED, reason_of(failed, len(report.evidence)), tuple(map(sentence, failed)))
    passed = passed_phrase(len(report.evidence))
    if confirm:
        return Decision(Verdict.WAITING, f"{passed} A person must also say yes.")
    return Decision(Verdict.PASSED, passed)


def judge_answer(decision: Decision, *, yes: bool, by: str = "") -> Decision:
    """The decision after a person's answer, which overrides the checks. `by` says who that was."""
    who = f"A person ({by})" if by else "A person"
    if yes:
        failed = decision.verdict is Verdict.FAILED
        return Decision(Verdict.PASSED, f"{who} said yes" + (", though checks failed." if failed else "."))
    return Decision(Verdict.FAILED, f"{who} said no.", decision.details)


def sentence(evidence: Evidence) -> str:
    """A check that failed, and its message."""
    tries = f" after {evidence.tries} tries" if evidence.tries > 1 else ""
    return f"{evidence.check} failed{tries}: {evidence.message}"


def passed_phrase(count: int) -> str:
    """The reason of a verdict where nothing failed."""
    if count == 0:
        return "The machine runs; there are no checks."
    return "Its check passed." if count == 1 else f"All {count} checks passed."

"""Evidence → verdict."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.verdict import Evidence, MachineReport, Verdict
from extenci.verify.judge import judge, judge_answer

PASSED = Evidence("tcp 22", "tcp", True, "port 22 accepts connections")
FAILED = Evidence("ssh true", "ssh", False, "no login to 10.0.0.1 port 22: Connection refused", tries=7)
UNTRIED = Evidence("console x", "console", False, "not tried: no time was left", tries=0)


def examined(*evidence: Evidence, alarm: str = "") -> MachineReport:
    return MachineReport("10.0.0.1", evidence, "the end", alarm)


def test_all_that_passed_has_passed() -> None:
    assert judge(examined(PASSED)).reason == "Its check passed."
    found = judge(examined(PASSED, PASSED))
    assert (found.verdict, found.reason) == (Verdict.PASSED, "All 2 checks passed.")
    assert judge(examined()).verdict is Verdict.PASSED


def test_with_confirm_a_person_is_waited_for_unless_a_check_failed() -> None:
    assert judge(examined(PASSED), confirm=True).verdict is Verdict.WAITING
    assert judge(examined(PASSED, FAILED), confirm=True).verdict is Verdict.FAILED
    assert judge(examined(PASSED, alarm="Kernel panic"), confirm=True).verdict is Verdict.FAILED


def test_the_first_failure_is_the_reason_and_all_are_told() -> None:
    found = judge(examined(PASSED, FAILED, UNTRIED))
    assert found.verdict is Verdict.FAILED
    assert found.reason == (
        "The check 'ssh true' failed: no login to 10.0.0.1 port 22: Connection refused "
        "(2 of 3 checks failed)."
    )
    assert found.details == (
        "ssh true failed after 7 tries: no login to 10.0.0.1 port 22: Connection refused",
        "console x failed: not tried: no time was left",
    )


def test_an_alarm_fails_even_where_every_check_passed() -> None:
    found = judge(examined(PASSED, alarm="Kernel panic - not syncing"))
    assert found.verdict is Verdict.FAILED
    assert found.reason == "The machine did not come up: its console shows 'Kernel panic - not syncing'."


def test_a_persons_word_is_the_last_one() -> None:
    failed = judge(examined(FAILED))
    assert judge_answer(failed, yes=True).verdict is Verdict.PASSED
    assert judge_answer(failed, yes=True).reason == "A person said yes, though checks failed."
    waiting = judge(examined(PASSED), confirm=True)
    assert judge_answer(waiting, yes=True).reason == "A person said yes."
    assert judge_answer(waiting, yes=False).verdict is Verdict.FAILED


def test_what_was_never_tried_is_no_success() -> None:
    assert judge(examined(UNTRIED)).verdict is Verdict.FAILED
    assert judge(examined(replace(UNTRIED, passed=True))).verdict is Verdict.PASSED

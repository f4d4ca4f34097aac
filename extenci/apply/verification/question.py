"""The verdict on a test VM where a person has a say, and keeping it running until that person answers."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.verification.login import host_of, login_line
from extenci.apply.verification.machine import TestVm, format_time
from extenci.catalog.process import who_runs
from extenci.model.ownership import EXPIRES, VERDICT
from extenci.model.record import ResourceKind
from extenci.model.service import Tagging
from extenci.model.verdict import Answer, Decision, MachineReport, Question, Verdict, VerdictMark
from extenci.model.work import VerifyWork
from extenci.verify.judge import judge, judge_answer


def decide(
    found: MachineReport, vm: TestVm, work: VerifyWork, context: ChangeContext
) -> tuple[Decision, Answer | None]:
    """The verdict: the checks' own, and a person's where one is asked for and was given in advance."""
    decision = judge(found, confirm=work.verify.confirm)
    given = context.run.answer
    if decision.verdict is not Verdict.WAITING or given is None:
        return decision, None
    until = context.run.clock() + work.verify.confirm_within
    answer = given(question(found, vm, work, until, context))
    if answer is Answer.WAIT:
        return decision, answer
    return judge_answer(decision, yes=answer is Answer.YES, by=who_runs()), answer


def question(
    found: MachineReport, vm: TestVm, work: VerifyWork, until: float, context: ChangeContext
) -> Question:
    """The question for a person, who may answer `until` a time."""
    return Question(
        address=str(context.change.address),
        machine=vm.machine.id,
        host=host_of(vm.machine, work.verify),
        login=login_line(vm, work.verify, context),
        boot_seconds=vm.boot_seconds,
        seconds=work.verify.confirm_within,
        report=found,
        expires=until,
    )


def keep_running(vm: TestVm, work: VerifyWork, context: ChangeContext, verdict: Verdict) -> float:
    """Keep a test VM running for a person to look at, for `confirm_within` of its block; the time of its end.
    `verdict` goes on its tags: it waits, or is kept after a failure."""
    until = context.run.clock() + work.verify.confirm_within
    mark = VerdictMark(verdict, work.verify_hash, work.verify.aside)
    tags = {EXPIRES: format_time(until), VERDICT: str(mark)}
    context.records.remember(ResourceKind.MACHINE, [vm.machine.id], {**work.tags, **tags})
    if context.clients.service.tags is not Tagging.NONE:
        context.changes.ec2.create_tags([vm.machine.id], tags)
    return until

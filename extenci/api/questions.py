"""Ask a person about the test VMs that a run left waiting, carry the answers out, and go on.

Nothing is locked while a person is asked. An answer is carried out as `confirm` does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

from extenci.api.approval import Proposal, Rest, carry_out_rest, carry_out_unasked
from extenci.api.options import Options
from extenci.api.recovery import recover
from extenci.api.session import Session
from extenci.apply.listeners import unfailing
from extenci.apply.verification.conclusion import conclude_answer
from extenci.apply.verification.summary import save_summary
from extenci.catalog.home import Home
from extenci.catalog.process import who_runs
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import AnswerTooLate, ExtenciError, Interrupted, PlanError
from extenci.model.outcome import Ended, Outcome, Result, Status
from extenci.model.plan import Change, Plan
from extenci.model.verdict import Answer, Decision, Question, Verdict
from extenci.model.work import AwaitWork, VerifyWork
from extenci.plan.commands.confirm import Asked, plan_confirm
from extenci.plan.commands.end_test_vms import plan_ending, plan_endings_left

PATIENCE_SECONDS = 3600.0
"""How long an answer waits for the lock, which others may have taken while a person was asked."""


@dataclass(frozen=True)
class Asking:
    """The job that asks. `rest` makes the way to go on once a person said yes, None: there is nothing more to
    do. `ends_unanswered`: nobody else can answer later, so that a test VM ends without an answer."""

    desired: Desired
    home: Home
    options: Options
    rest: Callable[[Plan], Rest] | None = None
    ends_unanswered: bool = False

    @property
    def patient(self) -> Options:
        """The options of work after an answer, which waits for the lock."""
        return replace(self.options, lock_timeout=max(self.options.lock_timeout, PATIENCE_SECONDS))


def ask_about(result: Result, job: Asking) -> Result:
    """Ask about each test VM that waits, one after the other, and go on with what depended on it. The result
    of all that was done; errors on the way are told, or are in it. The caller holds no lock."""
    asked: set[str] = set()
    while job.options.ask is not None and (waiting := find_waiting(result, asked)):
        has_passed = False
        for change, outcome, question in waiting:
            asked.add(question.machine)
            settled = settle(change, outcome, question, job)
            if settled.status is not Status.WAITING:
                unfailing(job.options.listener)(Ended(change, settled))
            result = with_outcome(result, settled)
            if settled.status is Status.SKIPPED:
                return result
            has_passed |= settled.status is Status.DONE
        if not has_passed or job.rest is None:
            break
        result = go_on(result, job)
    return result


def find_waiting(result: Result, asked: set[str]) -> list[tuple[Change, Outcome, Question]]:
    """What waits for an answer, and was not asked yet."""
    known = {outcome.change: outcome for outcome in result.outcomes}
    return [
        (change, outcome, outcome.question)
        for change in result.plan.changes
        if (outcome := known.get(change.id)) and outcome.question and outcome.status is Status.WAITING
        if outcome.question.machine not in asked
    ]


def settle(change: Change, outcome: Outcome, question: Question, job: Asking) -> Outcome:
    """Ask about a test VM, and carry the answer out; the outcome of its verification."""
    assert job.options.ask is not None  # noqa: S101 - for the type checker
    try:
        answer = job.options.ask(question)
        return outcome if answer is Answer.WAIT else answered(change, outcome, question, answer, job)
    except Interrupted as reason:
        return unanswered(change, outcome, question, reason, job)
    except ExtenciError as error:
        return refused(outcome, error)


def answered(change: Change, outcome: Outcome, question: Question, answer: Answer, job: Asking) -> Outcome:
    """Carry an answer out, which was given while nothing was locked; the outcome of its verification."""
    work = change.work
    assert isinstance(work, VerifyWork)  # noqa: S101 - nothing else asks
    until = time.time() + question.seconds if answer is Answer.KEEP else None
    asked = Asked(question.machine, work.version, work.verify_hash, until)
    result = carry_out_answer(
        job.desired, change.address, answer is Answer.YES, job.home, job.patient, asked=asked
    )
    failed = next((one for one in result.outcomes if one.status is not Status.DONE), None)
    if failed is not None:
        return replace(outcome, status=Status.FAILED, message=failed.message, hint=failed.hint, question=None)
    became = " ".join(filter(None, (one.message for one in result.outcomes))) or "It was unstaged."
    return conclude_answer(outcome, answer, became, who_runs(), until)


def carry_out_answer(
    desired: Desired,
    address: Address,
    works: bool,
    home: Home,
    options: Options,
    *,
    asked: Asked | None = None,
) -> Result:
    """Give a version that waits its verdict, and do what follows from it. PlanError where that is refused:
    the test VMs that nobody can answer for any more are ended then."""
    refusals: list[PlanError] = []

    def propose(session: Session) -> Proposal:
        observed = recover(session)
        seen = (desired, observed.observation, observed.records, session.clock(), address)
        try:
            return Proposal(plan_confirm(*seen, works, asked), observed)
        except PlanError as refusal:
            plan = plan_endings_left(*seen)
            if not plan.changes:
                raise
            refusals.append(refusal)
            return Proposal(plan, observed)

    result = carry_out_unasked(desired, home, options, propose)
    if refusals:
        ended = "Its test VM was ended." if result.ok else "Its test VM could not be ended."
        refusals[0].message += f" {ended}"
        raise refusals[0]
    return result


def end_vms(
    desired: Desired, address: Address, home: Home, options: Options, machine: str | None = None
) -> Result:
    """End the test VMs of an image that wait or were kept, or one of them, without a verdict (PlanError where
    there is none)."""

    def propose(session: Session) -> Proposal:
        seen = recover(session)
        plan = plan_ending(desired, seen.observation, seen.records, session.clock(), address, machine)
        return Proposal(plan, seen)

    return carry_out_unasked(desired, home, options, propose)


def unanswered(
    change: Change, outcome: Outcome, question: Question, reason: Interrupted, job: Asking
) -> Outcome:
    """The outcome of a verification whose question was interrupted: its test VM goes on waiting, or ends."""
    silent = replace(outcome, status=Status.SKIPPED, question=None)
    if not job.ends_unanswered:
        waits = f"Its test VM {question.machine} goes on waiting."
        return replace(silent, message=f"{reason.message} {waits}")
    options = replace(job.patient, stop=Event())  # a second Ctrl-C ends the process
    image = outcome.verified.image if outcome.verified else ""
    try:
        end_vms(job.desired, change.address, job.home, options, question.machine)
    except ExtenciError as error:
        left = f"The test VM {question.machine} may be left: {error.message}"
        return replace(silent, message=f"{reason.message} {left}", hint="`extenci gc` removes it.")
    left = f"No test VM is left; the image {image} stays staged, and has no verdict."
    return replace(silent, message=f"{reason.message} {left}", hint=reason.hint, verified=None)


def refused(outcome: Outcome, error: ExtenciError) -> Outcome:
    """The outcome of a verification whose answer could not be carried out."""
    is_late = isinstance(error, AnswerTooLate)
    verified = outcome.verified
    if verified is not None:
        decision = Decision(Verdict.EXPIRED if is_late else Verdict.WAITING, error.message)
        verified = replace(verified, decision=decision, kept=verified.kept and not is_late)
        save_summary(verified)
    return replace(
        outcome,
        status=Status.FAILED,
        message=error.message,
        hint=error.hint,
        verified=verified,
        question=None,
    )


def go_on(first: Result, job: Asking) -> Result:
    """Go on with a plan after a person said yes; the result of both parts. What hinders it is told."""
    assert job.rest is not None  # noqa: S101 - for the type checker
    changes = tuple(one for one in first.plan.changes if not isinstance(one.work, AwaitWork))
    try:
        rest = job.rest(replace(first.plan, changes=changes))
        return merge(first, carry_out_rest(first, job.desired, job.home, job.patient, rest))
    except ExtenciError as error:
        job.options.tell(" ".join(filter(None, ("The rest was not done.", error.message, error.hint))))
        return first


def with_outcome(result: Result, outcome: Outcome) -> Result:
    """The result with another outcome of one change."""
    return replace(
        result,
        outcomes=tuple(outcome if one.change == outcome.change else one for one in result.outcomes),
    )


def merge(first: Result, second: Result) -> Result:
    """The result of a plan that was carried out in two parts. What the first part could not begin, and nobody
    needs any more, is left out."""
    later = {outcome.change: outcome for outcome in second.outcomes}
    earlier = {
        outcome.change: outcome
        for outcome in first.outcomes
        if outcome.status is not Status.BLOCKED or outcome.change in later
    }
    outcomes = {**earlier, **later}
    known = {change.id: change for change in (*second.plan.changes, *first.plan.changes)}
    order = dict.fromkeys(
        change.id for change in (*first.plan.changes, *second.plan.changes) if change.id in outcomes
    )
    undone = {known[name].address for name, one in outcomes.items() if one.status is not Status.DONE}
    return replace(
        second,
        run=first.run,
        plan=replace(
            second.plan,
            changes=tuple(known[name] for name in order),
            blocked=tuple(one for one in second.plan.blocked if one.address not in undone),
        ),
        outcomes=tuple(outcomes[name] for name in order),
        seconds=first.seconds + second.seconds,
    )

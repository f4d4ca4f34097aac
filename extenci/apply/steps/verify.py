"""The step that verifies a version: a test VM, its evidence, a verdict and its consequences."""

from __future__ import annotations

from dataclasses import replace

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import image_to_launch
from extenci.apply.verification.conclusion import conclude
from extenci.apply.verification.examination import examine_vm
from extenci.apply.verification.login import host_of, login_line
from extenci.apply.verification.machine import end_test_vms, launch_test_vm
from extenci.apply.verification.question import decide, keep_running, question
from extenci.apply.verification.verdict import VerdictSubject, record_verdict
from extenci.model.errors import Interrupted, MachinesLost
from extenci.model.outcome import Outcome
from extenci.model.verdict import Answer, Decision, Verdict, VerifyResult
from extenci.model.work import VerifyWork


def verify(work: VerifyWork, context: ChangeContext) -> Outcome:
    """Verify a version. The outcome is done where it passed, failed where it failed, and waiting where a
    person has to confirm it. Errors are raised only where the verification itself could not be made."""
    image = image_to_launch(work.image, context)
    subject = VerdictSubject(image, work.version, work.verify_hash, work.verify.aside)
    began, keeps_machine = context.run.clock(), False
    known: tuple[str, ...] = ()
    try:
        try:
            vm = launch_test_vm(image, work.verify, work.tags, context)
        except MachinesLost as error:
            return never_started(subject, error, work, context)
        known = (vm.machine.id,)
        found = examine_vm(vm, work, image, context)
        decision, answer = decide(found, vm, work, context)
        verdict, until = decision.verdict, None
        # Before the machine is ended: whatever becomes of that, the word of checks and people is not lost.
        record_verdict(subject, verdict, decision.reason, context)
        is_left = verdict is Verdict.FAILED and is_kept(work, answer, context)
        if verdict is Verdict.WAITING or is_left:
            until = keep_running(vm, work, context, verdict)
            keeps_machine = True
    except Interrupted as reason:
        raise Interrupted(f"{reason.message} {left_by_stop(image)}", reason.hint) from None
    finally:
        if not keeps_machine:
            end_test_vms(work.verify, known, context)
    verified = VerifyResult(
        address=context.change.address,
        version=work.version,
        decision=decision,
        image=image,
        machine=vm.machine.id,
        host=host_of(vm.machine, work.verify),
        login=login_line(vm, work.verify, context),
        report=found,
        kept=keeps_machine,
        expires=until,
        at=began,
        seconds=context.run.clock() - began,
    )
    # What a person has said is carried out, whoever stops the command meanwhile.
    outcome = conclude(subject, verified, is_left or not work.removable, context.unstoppable())
    if verdict is Verdict.WAITING and until is not None:
        return replace(outcome, question=question(found, vm, work, until, context))
    return outcome


def left_by_stop(image: str) -> str:
    """The consequence of a stop, for people."""
    return f"No test VM is left; the image {image} stays staged, and has no verdict."


def never_started(
    subject: VerdictSubject, error: MachinesLost, work: VerifyWork, context: ChangeContext
) -> Outcome:
    """A machine that ended while it was starting is a verdict; MachinesLost where that says nothing about the
    image."""
    if error.says_nothing:
        raise error
    decision = Decision(Verdict.FAILED, error.message)
    record_verdict(subject, decision.verdict, decision.reason, context)
    verified = VerifyResult(context.change.address, work.version, decision, subject.image)
    return conclude(subject, verified, not work.removable or context.run.keep_failed, context)


def is_kept(work: VerifyWork, answer: Answer | None, context: ChangeContext) -> bool:
    """Whether a failed version and its machine are kept for a person to look at."""
    return answer is Answer.KEEP or work.verify.keep_on_failure or context.run.keep_failed

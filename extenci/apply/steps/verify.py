"""The step that verifies a version: a test VM, its evidence, a verdict and its consequences."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import image_to_launch
from extenci.apply.verification.conclusion import conclude
from extenci.apply.verification.examination import examine_vm
from extenci.apply.verification.login import host_of, login_line
from extenci.apply.verification.machine import end_test_vms, launch_test_vm
from extenci.apply.verification.question import decide, keep_running
from extenci.apply.verification.verdict import Candidate, record_verdict
from extenci.model.address import Answer, Verdict
from extenci.model.errors import MachinesLost
from extenci.model.outcome import Outcome
from extenci.model.verified import Verified
from extenci.model.work import VerifyWork
from extenci.verify.judge import unreached


def verify(work: VerifyWork, context: ChangeContext) -> Outcome:
    """Verify a version. The outcome is done where it passed, failed where it failed, and waiting where a
    person has to confirm it. Errors are raised only where the verification itself could not be made."""
    image = image_to_launch(work.image, context)
    candidate = Candidate(image, work.version, work.verify_hash, work.verify.aside)
    began, keeps_machine = context.run.clock(), False
    known: tuple[str, ...] = ()
    try:
        try:
            vm = launch_test_vm(image, work.verify, work.tags, context)
        except MachinesLost as error:
            return never_started(candidate, error, work, context)
        known = (vm.machine.id,)
        found = examine_vm(vm, work, image, context)
        judgement, answer = decide(found, vm, work, context)
        verdict, until = judgement.verdict, None
        # Before the machine is ended, so that an error there does not lose the verdict.
        record_verdict(candidate, verdict, judgement.reason, context)
        is_left = verdict is Verdict.FAILED and is_kept(work, answer, context)
        if verdict is Verdict.WAITING or is_left:
            until = keep_running(vm, work, context, verdict)
            keeps_machine = True
    finally:
        if not keeps_machine:
            end_test_vms(work.verify, known, context)
    verified = Verified(
        address=context.change.address,
        version=work.version,
        judgement=judgement,
        image=image,
        machine=vm.machine.id,
        host=host_of(vm.machine, work.verify),
        login=login_line(vm, work.verify, context),
        examination=found,
        kept=keeps_machine,
        expires=until,
        at=began,
        seconds=context.run.clock() - began,
    )
    return conclude(candidate, verified, is_left or not work.removable, context)


def never_started(
    candidate: Candidate, error: MachinesLost, work: VerifyWork, context: ChangeContext
) -> Outcome:
    """The verdict on an image whose machine ended while it was starting; MachinesLost where that says nothing
    about the image."""
    if error.says_nothing:
        raise error
    judgement = unreached(error.message)
    record_verdict(candidate, judgement.verdict, judgement.reason, context)
    verified = Verified(context.change.address, work.version, judgement, candidate.image)
    return conclude(candidate, verified, not work.removable or context.run.keep_failed, context)


def is_kept(work: VerifyWork, answer: Answer | None, context: ChangeContext) -> bool:
    """Whether a failed version and its machine are kept for a person to look at."""
    return answer is Answer.KEEP or work.verify.keep_on_failure or context.run.keep_failed

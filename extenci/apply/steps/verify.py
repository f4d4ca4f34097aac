"""The step that tries a version: a test VM, its evidence, a verdict, and what follows from it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from extenci.apply.context import ChangeContext
from extenci.apply.executor import Made
from extenci.apply.records import remember
from extenci.apply.steps.machines import end_machines
from extenci.apply.verification.machine import TestVm, end_test_vms, launch_test_vm, spell_time
from extenci.apply.verification.summary import save_summary
from extenci.apply.verification.verdict import VerdictSubject, record_verdict, unstage_failed
from extenci.launch.key_pairs import drop_key_pair
from extenci.model.address import Tagging
from extenci.model.errors import MachinesLost, PlanError, ServiceError
from extenci.model.journal import written_down
from extenci.model.observed import Machine
from extenci.model.outcome import Outcome, Status
from extenci.model.ownership import EXPIRES, VERDICT
from extenci.model.plan import ConfirmWork, VerifyWork
from extenci.model.record import ResourceKind
from extenci.model.service import SANDBOX
from extenci.model.verdict import (
    Answer,
    Decision,
    Evidence,
    MachineReport,
    Question,
    Verdict,
    VerdictMark,
    VerifyResult,
)
from extenci.model.verification import Check, Forwards, LoginCheck, Reach, Verify
from extenci.verify.examine import examine
from extenci.verify.judge import judge, judge_answer
from extenci.verify.target import Target

NOT_WORKING = "A person said that it does not work."


def do_verify(work: VerifyWork, context: ChangeContext, made: Made) -> Outcome:
    """Try a version. The outcome is done where it passed, failed where it did not, and waiting where a person
    has to say so; only what hinders the trial itself is raised."""
    image = work.image.id or image_made(work, made)
    subject = VerdictSubject(image, work.version, work.verify_hash, work.verify.aside)
    began, keeps_machine = context.run_context.clock(), False
    known: tuple[str, ...] = ()
    try:
        try:
            vm = launch_test_vm(image, work.verify, work.tags, context)
        except MachinesLost as error:
            return never_started(subject, error, work, context)
        known = (vm.machine.id,)
        found = look_at(vm, work, image, context)
        decision, answer = decide(found, vm, work, context)
        verdict, until = decision.verdict, None
        # Before the machine is ended: whatever becomes of that, the word of checks and people is not lost.
        record_verdict(subject, verdict, decision.reason, context)
        is_left = verdict is Verdict.FAILED and is_kept(work, answer, context)
        if verdict is Verdict.WAITING or is_left:
            until = let_run(vm, work, context, verdict)
            keeps_machine = True
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
        seconds=context.run_context.clock() - began,
    )
    return conclude(subject, verified, is_left or not work.removable, context)


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
    return conclude(subject, verified, not work.removable or context.run_context.keep_failed, context)


def image_made(work: VerifyWork, made: Made) -> str:
    """The image that another change of the plan registered."""
    outcome = made.get(work.image.staged_by or "")
    found = outcome.made.get("image") if outcome else None
    if not isinstance(found, str):
        raise PlanError(f"The change {work.image.staged_by} made no image to try.")
    return found


def look_at(vm: TestVm, work: VerifyWork, image: str, context: ChangeContext) -> MachineReport:
    """Collect evidence of every check."""
    machine, address, clock = vm.machine, context.change.address, context.staging.clock
    host = host_of(machine, work.verify)
    context.note(f"Test VM {machine.id} runs at {host}, {vm.boot_seconds:.0f} s after its launch")
    login = login_line(vm, work.verify, context)
    if login and not work.verify.confirm:  # a person who is asked is told then
        context.note(f"Log in: {login}")
    ec2 = context.staging.clients.ec2
    refuse_simulated(work.verify, ec2.console_output(machine.id), context)
    target = Target(
        address=host,
        machine=machine.id,
        image=image,
        service=address.service,
        name=address.name,
        stack=context.run_context.stack,
        folder=evidence_folder(context),
        console=lambda: ec2.console_output(machine.id),
        user=login_user(work.verify),
        key=vm.key,
    )

    def tell(check: Check, evidence: Evidence | None) -> None:
        if evidence is not None:
            context.note(f"{check.label}: {'passed' if evidence.passed else f'failed: {evidence.message}'}")

    found = examine(
        target,
        [check.at_forwards(forwards_of(context)) for check in work.verify.checks],
        deadline=vm.launched + work.verify.timeout,
        stop=context.staging.stop,
        launched=vm.launched,
        listener=tell,
        clock=clock,
    )
    require_evidence(vm, found, context)
    return found


def require_evidence(vm: TestVm, found: MachineReport, context: ChangeContext) -> None:
    """ServiceError where somebody ended the machine meanwhile, or something is missing here: what its checks
    found says nothing then."""
    if all(one.passed for one in found.evidence):
        return
    if unable := next((one for one in found.evidence if one.unable), None):
        raise ServiceError(
            f"There is no verdict, since a check cannot be made here: {unable.message}.",
            "Install what is missing, or correct the check in the spec.",
        )
    machines = context.staging.clients.ec2.machines_by_id([vm.machine.id])
    if any(one.state.is_gone and "user" in one.reason.lower() for one in machines):
        raise ServiceError(
            f"Somebody ended the test VM {vm.machine.id} while it was tried, so there is no verdict.",
            "Try again when nobody else is at it.",
        )


def host_of(machine: Machine, verify: Verify) -> str:
    """The address that checks use. ServiceError where the machine has none."""
    host = machine.private_host if verify.address is Reach.PRIVATE else machine.host
    if not host:
        raise ServiceError(
            f"The test VM {machine.id} has no {verify.address} address.",
            "Give its `verify:` block a subnet with addresses, or `address: private`.",
        )
    return host


def refuse_simulated(verify: Verify, console: str, context: ChangeContext) -> None:
    """ServiceError where checks ask for a machine and the sandbox has only the appearance of one; a person
    who is asked is told."""
    if SIMULATED not in console:
        return
    context.note(f"Machines of {context.change.address.service} are simulated: nothing has booted")
    if any(check.needs_machine for check in verify.checks):
        raise ServiceError(
            f"Machines of {context.change.address.service} are simulated, so nothing boots there that checks "
            "could look at.",
            "Install QEMU (Debian: qemu-system-x86) and start the sandbox anew: `extenci sandbox stop`.",
            service=context.change.address.service,
        )


SSH_PORT = 22
SIMULATED = "is a simulated machine"
"""What the console of a machine says that is none (extenci/sandbox/machines.py)."""


def login_user(verify: Verify) -> str | None:
    """Who logs in where nothing else is said: whom the first check names that logs in."""
    users = (check.user for check in verify.checks if isinstance(check, LoginCheck))
    return next((user for user in users if user), None)


def forwards_of(context: ChangeContext) -> Forwards:
    """The ports at which the machine's are reached."""
    return context.run_context.forwards if context.change.address.service == SANDBOX else {}


def login_line(vm: TestVm, verify: Verify, context: ChangeContext) -> str:
    """A command line to log in with, "" where nobody knows as whom, nor with which key."""
    user, host = login_user(verify), host_of(vm.machine, verify)
    if user is None and vm.key is None:
        return ""
    key = ("-i", str(vm.key)) if vm.key else ()
    elsewhere = forwards_of(context).get(SSH_PORT)
    port = ("-p", str(elsewhere)) if elsewhere else ()
    return shlex.join(("ssh", *key, *port, f"{user}@{host}" if user else host))


def evidence_folder(context: ChangeContext) -> Path:
    """Where the evidence of a trial is kept."""
    address = context.change.address
    return context.run_context.evidence / f"{address.service}-{address.name}-{context.run_context.run[:12]}"


def decide(
    found: MachineReport, vm: TestVm, work: VerifyWork, context: ChangeContext
) -> tuple[Decision, Answer | None]:
    """The verdict: the checks' own, and a person's where one is asked for."""
    decision = judge(found, confirm=work.verify.confirm)
    ask = context.run_context.ask
    if decision.verdict is not Verdict.WAITING or ask is None:
        return decision, None
    let_run(vm, work, context, None)  # nobody else may end it while the person thinks
    answer = ask(question(found, vm, work, context))
    if answer is Answer.WAIT:
        return decision, answer
    return judge_answer(decision, yes=answer is Answer.YES), answer


def question(found: MachineReport, vm: TestVm, work: VerifyWork, context: ChangeContext) -> Question:
    """What a person is asked."""
    return Question(
        address=str(context.change.address),
        machine=vm.machine.id,
        host=host_of(vm.machine, work.verify),
        login=login_line(vm, work.verify, context),
        boot_seconds=vm.boot_seconds,
        seconds=work.verify.confirm_within,
        report=found,
    )


def let_run(vm: TestVm, work: VerifyWork, context: ChangeContext, verdict: Verdict | None) -> float:
    """Let a test VM run, for a person to look at, for as long as the block says; until when. `verdict` is
    what it says of itself: that it waits, or is kept after it failed; None: somebody is at it right now."""
    until = context.run_context.clock() + work.verify.confirm_within
    tags = {
        EXPIRES: spell_time(until),
        **({VERDICT: str(VerdictMark(verdict, work.verify_hash))} if verdict else {}),
    }
    remember(context, ResourceKind.MACHINE, [vm.machine.id], {**work.tags, **tags})
    if context.staging.tagging is not Tagging.NONE:
        shown = {"resources": [vm.machine.id]}
        with written_down(context.staging.calls, "CreateTags", request=shown, tags=tags) as settle:
            context.staging.clients.ec2.create_tags([vm.machine.id], tags)
            settle({})
    return until


def conclude(
    subject: VerdictSubject, verified: VerifyResult, is_left: bool, context: ChangeContext
) -> Outcome:
    """Unstage what failed, unless it `is_left`, and tell what became of it."""
    save_summary(verified)
    change, reason = context.change.id, verified.decision.reason
    match verified.verdict:
        case Verdict.PASSED:
            return Outcome(change, Status.DONE, made={"image": subject.image}, verified=verified)
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
    """The end of the console's output, as a part of why something failed."""
    end = verified.report.console_end.strip() if verified.report else ""
    return ("The console ends with:\n" + "\n".join(end.splitlines()[-CONSOLE_LINES:]),) if end else ()


CONSOLE_LINES = 8


def is_kept(work: VerifyWork, answer: Answer | None, context: ChangeContext) -> bool:
    """Whether what failed is left for a person to look at."""
    return answer is Answer.KEEP or work.verify.keep_on_failure or context.run_context.keep_failed


def evidence_hint(verified: VerifyResult) -> str:
    """Where to look for more."""
    folder = verified.report.folder if verified.report else None
    return f"The evidence is in {folder}." if folder else ""


def do_confirm(work: ConfirmWork, context: ChangeContext) -> Outcome:
    """Give a version that waits the verdict that a person found, and end its test VMs."""
    subject = VerdictSubject(work.image, work.version, work.verify_hash)
    summary = "" if work.works else NOT_WORKING
    record_verdict(subject, Verdict.PASSED if work.works else Verdict.FAILED, summary, context)
    end_machines(work.machines, work.held, context)
    for name in work.key_pairs:
        drop_key_pair(name, context)
    if work.works:
        return Outcome(context.change.id, Status.DONE)
    context.note(unstage_failed(subject, context) if work.removable else "It stays staged.")
    return Outcome(context.change.id, Status.DONE)

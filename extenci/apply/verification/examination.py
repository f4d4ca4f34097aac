"""Examining a test VM: every check is made, and its evidence kept."""

from __future__ import annotations

from pathlib import Path

from extenci.apply.context import ChangeContext
from extenci.apply.verification.login import host_of, login_line, login_user
from extenci.apply.verification.machine import TestVm
from extenci.model.errors import ServiceError
from extenci.model.verdict import Evidence, MachineReport
from extenci.model.verification import Check, Verify
from extenci.model.work import VerifyWork
from extenci.verify.examine import examine
from extenci.verify.target import Target


def examine_vm(vm: TestVm, work: VerifyWork, image: str, context: ChangeContext) -> MachineReport:
    """Collect evidence of every check."""
    machine, address, service = vm.machine, context.change.address, context.clients.service
    host = host_of(machine, work.verify)
    context.note(f"Test VM {machine.id} runs at {host}, {vm.boot_seconds:.0f} s after its launch")
    login = login_line(vm, work.verify, context)
    if login and not work.verify.confirm:  # a person who is asked is told then
        context.note(f"Log in: {login}")
    ec2 = context.clients.ec2
    refuse_simulated(work.verify, context)
    target = Target(
        address=host,
        machine=machine.id,
        image=image,
        service=address.service,
        name=address.name,
        stack=context.run.stack,
        folder=evidence_folder(context),
        console=lambda: ec2.console_output(machine.id),
        user=login_user(work.verify),
        key=vm.key,
    )

    launching = context.launching()
    deadline = vm.launched + work.verify.timeout

    def tell(check: Check, evidence: Evidence | None) -> None:
        if evidence is None:
            context.show(check.label, launching.now() + deadline - launching.clock())
        else:
            context.note(f"{check.label}: {'passed' if evidence.passed else 'failed'}")

    found = examine(
        target,
        [check.at_forwards(service.forwards) for check in work.verify.checks],
        deadline=deadline,
        stop=context.stop,
        launched=vm.launched,
        listener=tell,
        clock=launching.clock,
    )
    require_evidence(vm, found, context)
    return found


def require_evidence(vm: TestVm, found: MachineReport, context: ChangeContext) -> None:
    """ServiceError where somebody ended the machine meanwhile, or something is wrong here: the evidence
    says nothing about the image then. A console that shows that it does not boot says enough about it."""
    if all(one.passed for one in found.evidence):
        return
    unable = next((one for one in found.evidence if one.unable), None)
    if unable is not None and not found.alarm:
        raise ServiceError(
            f"There is no verdict, since a check cannot be made here: {unable.message}.",
            "The image stays staged. Put that right, or correct the check in the spec, and run "
            f"`extenci verify {context.change.address}`. The evidence is in {found.folder}.",
        )
    machines = context.clients.ec2.machines_by_id([vm.machine.id])
    if any(one.state.is_gone and one.was_ended_by_user for one in machines):
        raise ServiceError(
            f"Somebody ended the test VM {vm.machine.id} during its verification, so there is no verdict.",
            "Run the verification again.",
        )


def refuse_simulated(verify: Verify, context: ChangeContext) -> None:
    """ServiceError where checks need a machine and the sandbox only simulates it; a person who is asked is
    told."""
    if not context.clients.service.simulated:
        return
    context.note(f"Machines of {context.change.address.service} are simulated: nothing has booted")
    if any(check.needs_machine for check in verify.checks):
        raise ServiceError(
            f"Machines of {context.change.address.service} are simulated: nothing boots there that checks "
            "could look at.",
            "Install QEMU (Debian: qemu-system-x86) and restart the sandbox: `extenci sandbox stop`.",
            service=context.change.address.service,
        )


def evidence_folder(context: ChangeContext) -> Path:
    """The folder for the evidence of a verification."""
    address = context.change.address
    return context.run.evidence / f"{address.service}-{address.name}-{context.run.run[:12]}"

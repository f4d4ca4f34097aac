"""Obsolete test VMs. A verification that is under way, from this home or another, keeps its own."""

from __future__ import annotations

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.observed import Image, Machine
from extenci.model.ownership import Marks, Role
from extenci.model.plan import Change
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.work import TerminateWork
from extenci.plan.images.verification import is_expired, tried_images, verdict_of, word_of
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import PlanPart, key_pairs_of
from extenci.plan.service_index import ServiceIndex


def end_obsolete_test_vms(inputs: PlanInputs, index: ServiceIndex) -> PlanPart:
    """Terminate test VMs that have expired, whose question was answered, or that a finished run left
    behind."""
    changes = [
        end_test_vm(address, machine, reason)
        for address, machines in sorted(index.tests.items())
        if inputs.covers(address)
        for machine in machines
        if (reason := why_obsolete(inputs, index, machine))
    ]
    return PlanPart(changes=tuple(changes))


def end_test_vm(address: Address, machine: Machine, reason: str) -> Change:
    """The change that terminates a test VM of an address."""
    return Change(
        id=ending_id(address, machine),
        address=address,
        kind=Kind.INSTANCES,
        action=Action.TERMINATE,
        count=1,
        reason=reason,
        work=TerminateWork((machine.handle,), key_pairs_of([machine])),
    )


def endings_of(inputs: PlanInputs, index: ServiceIndex, address: Address) -> tuple[str, ...]:
    """The ids of the changes that terminate test VMs of an address."""
    return tuple(
        ending_id(address, machine)
        for machine in index.tests.get(address, ())
        if inputs.covers(address) and why_obsolete(inputs, index, machine)
    )


def ending_id(address: Address, machine: Machine) -> str:
    """The id of the change that terminates a test VM."""
    return f"{Action.TERMINATE} {address} {machine.id}"


def why_obsolete(inputs: PlanInputs, index: ServiceIndex, machine: Machine) -> str:
    """Why a test VM is terminated, "" where it is not."""
    marks = machine.marks
    if marks is None:
        return ""
    if inputs.destroy:
        return "test VM: destroy"
    if is_expired(marks, inputs.now):
        return "test VM: expired"
    is_over, word = marks.plan in inputs.records.finished_runs, word_of(marks)
    if marks.address in inputs.again and (word or is_over):
        return "test VM: tried again"
    if word is Verdict.WAITING and asked_about(inputs, index, marks) is None:
        return "test VM: answered"
    is_left = word is None or (word is Verdict.WAITING and is_manual(index, machine))
    return "test VM: left behind" if is_over and is_left else ""


def asked_about(inputs: PlanInputs, index: ServiceIndex, marks: Marks) -> Image | None:
    """The image about which a person is still asked, given the marks of a test VM that waits; None where that
    was answered, or the image is gone. An image that is tried aside does not say so itself."""
    mark = VerdictMark.parse(marks.verdict)
    is_aside = mark is not None and mark.aside
    return next(
        (
            image
            for image in tried_images(inputs, index, marks.address)
            if image.marks is not None and image.marks.version == marks.version
            if is_aside or verdict_of(inputs, index, image) is Verdict.WAITING
        ),
        None,
    )


def is_manual(index: ServiceIndex, machine: Machine) -> bool:
    """Whether `test-vm` launched a test VM: nobody else asks about it once its run is over."""
    image = index.images.get(machine.image)
    return image is not None and image.marks is not None and image.marks.role is Role.MANUAL

"""Obsolete test VMs. A verification that is under way, from this home or another, keeps its own."""

from __future__ import annotations

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.observed import Machine
from extenci.model.ownership import Marks
from extenci.model.plan import Change
from extenci.model.verdict import Verdict
from extenci.model.work import TerminateWork
from extenci.plan.images.verification import is_expired, verdict_of, word_of
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import PlanPart, key_pairs_of
from extenci.plan.service_index import ServiceIndex


def end_obsolete_test_vms(inputs: PlanInputs, index: ServiceIndex) -> PlanPart:
    """Terminate test VMs that have expired, whose question was answered, or that a finished run left
    behind."""
    changes = [
        Change(
            id=ending_id(address, machine),
            address=address,
            kind=Kind.INSTANCES,
            action=Action.TERMINATE,
            count=1,
            reason=reason,
            work=TerminateWork((machine.handle,), key_pairs_of([machine])),
        )
        for address, machines in sorted(index.tests.items())
        if inputs.covers(address)
        for machine in machines
        if (reason := why_obsolete(inputs, index, machine))
    ]
    return PlanPart(changes=tuple(changes))


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
    if word is Verdict.WAITING and not still_asked(inputs, index, marks):
        return "test VM: answered"
    return "test VM: left behind" if is_over and word is None else ""


def still_asked(inputs: PlanInputs, index: ServiceIndex, marks: Marks) -> bool:
    """Whether the version of a test VM still waits for a person's answer."""
    return any(
        image.marks is not None
        and image.marks.version == marks.version
        and verdict_of(inputs, index, image) is Verdict.WAITING
        for image in index.owned_images.get(marks.address, ())
    )

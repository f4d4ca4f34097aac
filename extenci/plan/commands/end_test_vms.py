"""Ending test VMs of an image: those that wait for a person or were kept, without a verdict; and notes on
them."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Machine, Observation
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.verdict import Verdict
from extenci.plan.images.obsolete_test_vms import end_test_vm, why_obsolete
from extenci.plan.images.verification import word_of
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.service_index import ServiceIndex


def plan_ending(
    desired: Desired,
    observation: Observation,
    records: Records,
    now: float,
    address: Address,
    machine: str | None = None,
) -> Plan:
    """The plan that ends the test VMs of an image, or one `machine` of them. Those of a run that is under way
    stay. PlanError where there is none to end."""
    inputs = gather_inputs(desired, observation, records, now=now)
    index = inputs.indexes.get(address.service)
    found = index.tests.get(address, ()) if index is not None else ()
    changes = tuple(
        end_test_vm(address, one, reason)
        for one in found
        if index is not None and machine in (None, one.id)
        if (reason := why_ended(inputs, index, one))
    )
    if not changes:
        at_work = [one.id for one in found if machine in (None, one.id)]
        raise PlanError(
            f"No test VM of {address} waits for a person or was kept.",
            f"A verification is using {', '.join(at_work)}." if at_work else "`extenci status` lists them.",
        )
    return Plan(desired.stack, (address.service,), changes)


def why_ended(inputs: PlanInputs, index: ServiceIndex, machine: Machine) -> str:
    """Why a test VM is ended that a person no longer needs, "" where a run is using it."""
    return "test VM: no longer needed" if word_of(machine.marks) else why_obsolete(inputs, index, machine)


def plan_endings_left(
    desired: Desired, observation: Observation, records: Records, now: float, address: Address
) -> Plan:
    """The plan that ends the test VMs of an image that nobody can answer for any more."""
    inputs = gather_inputs(desired, observation, records, now=now)
    index = inputs.indexes.get(address.service)
    changes: tuple[Change, ...] = ()
    if index is not None:
        every = ((one, why_obsolete(inputs, index, one)) for one in index.tests.get(address, ()))
        changes = tuple(end_test_vm(address, one, reason) for one, reason in every if reason)
    return Plan(desired.stack, (address.service,), changes)


def notes_on_test_vms(inputs: PlanInputs, index: ServiceIndex) -> Iterator[str]:
    """Sentences about the test VMs that wait for a person, or were kept, and are not ended yet."""
    for address, machines in sorted(index.tests.items()):
        for one in machines if inputs.covers(address) else ():
            word, marks = word_of(one.marks), one.marks
            if marks is None or word is None or why_obsolete(inputs, index, one):
                continue
            why = "waits for a person" if word is Verdict.WAITING else "was kept"
            until = f" until {marks.expires}" if marks.expires else ""
            yield (
                f"The test VM {one.id} of {address} {why}{until}. `extenci verify --end {address}` ends it "
                "before."
            )

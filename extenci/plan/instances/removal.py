"""Groups that are no longer desired: their machines are ended."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.observed import Machine
from extenci.model.plan import Blocked, Change
from extenci.model.text import counted
from extenci.model.work import TerminateWork
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.other_schedds import explain_other_schedds
from extenci.plan.part import PlanPart
from extenci.plan.protection import explain_protection, is_protected
from extenci.plan.service_index import ServiceIndex


def remove_groups(inputs: PlanInputs, index: ServiceIndex) -> PlanPart:
    """End the machines of groups that are not desired."""
    changes: list[Change] = []
    blocked: list[Blocked] = []
    for address, machines in sorted(index.owned_machines.items()):
        if not inputs.covers(address) or (address in inputs.groups and not inputs.destroy):
            continue
        kept = [machine for machine in machines if is_protected(inputs, Kind.INSTANCES, machine)]
        elsewhere = [machine for machine in machines if machine.other_schedd and machine not in kept]
        ended = [machine for machine in machines if machine not in (*kept, *elsewhere)]
        if kept:
            reason = explain_protection(inputs, Kind.INSTANCES, address, counted(len(kept), "machine"))
            blocked.append(Blocked(address, Kind.INSTANCES, Action.TERMINATE, reason))
        if elsewhere:
            reason = explain_other_schedds(elsewhere, index.queue)
            blocked.append(Blocked(address, Kind.INSTANCES, Action.TERMINATE, reason))
        if ended:
            changes.append(end_group(inputs, address, ended))
    return PlanPart(tuple(changes), tuple(blocked))


def end_group(inputs: PlanInputs, address: Address, machines: Sequence[Machine]) -> Change:
    """End machines of a group that is not desired."""
    return Change(
        id=f"{Action.TERMINATE} {address}",
        address=address,
        kind=Kind.INSTANCES,
        action=Action.TERMINATE,
        count=len(machines),
        reason=inputs.removal_reason,
        work=TerminateWork(tuple(machine.handle for machine in machines)),
    )

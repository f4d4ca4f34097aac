"""Machines that are being launched already: apply waits for them.

They are no change, since a plan that was made a moment later would not have them.
"""

from __future__ import annotations

from extenci.model.action import Action
from extenci.model.address import Kind
from extenci.model.observed import Machine, MachineState
from extenci.model.plan import Change
from extenci.model.text import counted
from extenci.model.work import AwaitedMachine, AwaitWork
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.groups import Group, Member
from extenci.plan.part import PlanPart

LEAST_SECONDS = 60.0
"""The shortest wait: HTCondor looks after its jobs once a minute."""


def await_machines(inputs: PlanInputs, group: Group) -> PlanPart:
    """Await the machines of a group that do not run yet, for as long as the youngest may still take."""
    timeout = group.spec.launch_timeout
    machines = [
        member.machine
        for member in group.members
        if is_in_the_making(member) and member not in group.surplus and age(member.machine, inputs) <= timeout
    ]
    if not machines:
        return PlanPart()
    youngest = min(age(machine, inputs) for machine in machines)
    seconds = min(max(timeout - youngest, LEAST_SECONDS), timeout)
    awaited = Change(
        id=f"{Action.AWAIT} {group.spec.address}",
        address=group.spec.address,
        kind=Kind.INSTANCES,
        action=Action.AWAIT,
        count=len(machines),
        reason=f"{len(machines)} of {counted(group.spec.count, 'machine')} being launched already",
        work=AwaitWork(tuple(awaited_machine(machine, group) for machine in machines), seconds),
    )
    return PlanPart(awaited=(awaited,))


def is_in_the_making(member: Member) -> bool:
    """Whether a machine that is to stay does not run yet."""
    return member.is_fine and member.machine.state is MachineState.PENDING


def age(machine: Machine, inputs: PlanInputs) -> float:
    """How long ago the launch of a machine began, in seconds; that of a job's, since it came to wait."""
    job = machine.job
    return inputs.now - (machine.launched if job is None or machine.exists else max(job.entered, job.queued))


def awaited_machine(machine: Machine, group: Group) -> AwaitedMachine:
    """A machine with its planned tags: its own marks, which may be of an older version than the group's."""
    tags = machine.marks.to_tags(group.spec.tags) if machine.marks else {}
    return AwaitedMachine(machine.handle, tags)

"""Limits of services: how many machines a plan may end, and how many there may be after it."""

from __future__ import annotations

from collections.abc import Iterable

from extenci.model.action import Action
from extenci.model.plan import Change
from extenci.model.text import counted
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.groups import Group
from extenci.plan.service_index import ServiceIndex

FEW = 10
"""The number of owned machines from which a percentage means something."""


def find_headroom(inputs: PlanInputs, index: ServiceIndex, groups: Iterable[Group]) -> int | None:
    """How many machines the service's limit allows besides those that there will be; None: any number."""
    limit = index.service.limits.instances
    if limit is None:
        return None
    planned = {group.spec.address: group.size_after for group in groups}
    others = sum(
        len(machines)
        for address, machines in index.owned_machines.items()
        if address not in planned and (address in inputs.groups or not inputs.covers(address))
    )
    return limit - sum(planned.values()) - others


def find_refusals(inputs: PlanInputs, index: ServiceIndex, changes: Iterable[Change]) -> tuple[str, ...]:
    """A sentence for each limit of a service that the changes go past."""
    numbers = dict.fromkeys(Action, 0)
    for change in changes:
        numbers[change.action] += change.count
    owned = sum(len(machines) for machines in index.owned_machines.values())
    launched, ended = numbers[Action.LAUNCH], numbers[Action.TERMINATE]
    found = (
        refuse_removal(inputs, index, owned, ended - launched),
        refuse_growth(index, owned, owned + launched - ended),
    )
    return tuple(sentence for sentence in found if sentence)


def refuse_removal(inputs: PlanInputs, index: ServiceIndex, owned: int, removed: int) -> str | None:
    """Refuse to end too large a part of a service's machines. `destroy` is meant to."""
    percent = index.service.limits.delete_percent
    if inputs.destroy or owned < FEW or 100 * removed <= percent * owned:
        return None
    return (
        f"The plan ends {removed} of the {owned} machines on {index.service.name} for good, more than its "
        f"limit of {percent} % (limits.delete_percent). To do it all the same, give --force."
    )


def refuse_growth(index: ServiceIndex, before: int, after: int) -> str | None:
    """Refuse to launch more machines than a service may have."""
    limit = index.service.limits.instances
    if limit is None or after <= limit or after <= before:
        return None
    return (
        f"The plan leads to {counted(after, 'machine')} on {index.service.name}, more than its limit of "
        f"{limit} (limits.instances). To do it all the same, give --force."
    )

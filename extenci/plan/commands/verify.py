"""The plan of `extenci verify`."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.plan import Plan


def verifications_only(plan: Plan, addresses: frozenset[Address]) -> Plan:
    """The changes of a plan that verify images, and those that must be done before."""
    wanted = {
        change.id for change in plan.changes if change.action is Action.VERIFY and change.address in addresses
    }
    return with_needed(plan, wanted, addresses)


def with_needed(plan: Plan, wanted: set[str], addresses: frozenset[Address]) -> Plan:
    """The wanted changes of a plan (their ids), and those that must be done before. What is blocked is kept
    only for images at `addresses`."""
    known = {change.id: change for change in plan.changes}
    wanted, waiting = set(wanted), list(wanted)
    while waiting:
        for needed in known[waiting.pop()].depends_on:
            if needed not in wanted:
                wanted.add(needed)
                waiting.append(needed)
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.id in wanted),
        blocked=tuple(one for one in plan.blocked if one.address in addresses and one.kind is Kind.IMAGE),
        drift=(),
        refusals=(),
    )

"""Parts of plans that can be compared: those about services that both of them read."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.plan import Plan


def comparable(before: Plan, now: Plan) -> tuple[Plan, Plan]:
    """Two plans, each without the services that the other could not read. A service that fails for a while
    makes no plan stale: nothing is done there, and both name it among the unread."""
    unread = {one.service: one for one in (*before.unread, *now.unread)}
    now = replace(now, unread=tuple(unread[name] for name in sorted(unread)))
    return without(before, set(unread)), without(now, set(unread))


def without(plan: Plan, services: set[str]) -> Plan:
    """A plan without some services."""
    if not services:
        return plan
    return replace(
        plan,
        services=tuple(name for name in plan.services if name not in services),
        changes=tuple(one for one in plan.changes if one.address.service not in services),
        drift=tuple(one for one in plan.drift if one.address.service not in services),
        blocked=tuple(one for one in plan.blocked if one.address.service not in services),
        awaited=tuple(one for one in plan.awaited if one.address.service not in services),
    )

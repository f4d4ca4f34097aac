"""The plan of `extenci test-vm`: an image that is staged manually, tried, and kept if it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from extenci.model.abilities import Ability
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.observed import Observation
from extenci.model.plan import Plan
from extenci.model.record import Records
from extenci.model.version import Disk
from extenci.plan.commands.manual import manual_plan, swap_roles, without_resources
from extenci.plan.commands.verify import verifications_only
from extenci.plan.images.unconfirmed import mark_unconfirmed
from extenci.plan.planner import make_plan


def plan_test_vm(
    desired: Desired,
    disks: Mapping[Address, Disk],
    observation: Observation,
    records: Records,
    now: float,
    verify_hashes: Mapping[Address, str],
) -> Plan:
    """Stage what is desired manually, and verify it. Until somebody says that it works, it is marked as
    waiting for that, unless the service could not take the mark off again.

    PlanError where the specs have staged the same image already: a person's no must not remove it.
    """
    addresses = frozenset(spec.address for spec in desired.images)
    whole = make_plan(
        desired,
        disks,
        swap_roles(observation, desired.stack, records),
        without_resources(records),
        now=now,
        verify_hashes=verify_hashes,
        again=addresses,
    )
    plan = manual_plan(verifications_only(whole, addresses), desired, disks, observation)
    changes = (
        one
        if observation.services[one.address.service].abilities.lacks(Ability.CREATE_TAGS)
        else mark_unconfirmed(one, verify_hashes.get(one.address, ""))
        for one in plan.changes
    )
    return replace(plan, changes=tuple(changes))

"""The plan of `extenci stage`: an image that is staged manually."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.observed import Image, Observation
from extenci.model.ownership import VERDICT
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.version import Disk
from extenci.model.work import UpdateWork
from extenci.plan.commands.manual import manual_plan, swap_roles, without_resources
from extenci.plan.commands.verify import with_needed
from extenci.plan.images.lookup import look_for
from extenci.plan.images.source import Staged
from extenci.plan.images.unconfirmed import UNCONFIRMED
from extenci.plan.images.verification import word_of
from extenci.plan.inputs import gather_inputs
from extenci.plan.planner import make_plan

STAGING = (Action.STAGE, Action.REGISTER)


def plan_stage(
    desired: Desired, disks: Mapping[Address, Disk], observation: Observation, records: Records, now: float
) -> Plan:
    """Stage what is desired manually, unless that was done before. Other versions that were staged manually
    under the same name stay.

    PlanError where the specs have staged the same content under the same name already.
    """
    addresses = frozenset(spec.address for spec in desired.images)
    swapped = swap_roles(observation, desired.stack, records)
    whole = make_plan(desired, disks, swapped, without_resources(records), now=now)
    wanted = {one.id for one in whole.changes if one.action in STAGING and one.address in addresses}
    staging = replace(with_needed(whole, wanted, addresses), warnings=())
    plan = manual_plan(staging, desired, disks, observation)
    found = find_staged(desired, disks, observation, records)
    if plan.is_empty and found is not None and word_of(found.marks) in UNCONFIRMED:
        (address,) = addresses
        return replace(plan, changes=(keep_unconfirmed(found, address),))
    return plan


def keep_unconfirmed(image: Image, address: Address) -> Change:
    """The change by which an image that `test-vm` has staged, and nobody confirmed, is staged on purpose."""
    return Change(
        id=f"{Action.UPDATE} {address}",
        address=address,
        kind=Kind.IMAGE,
        action=Action.UPDATE,
        count=1,
        reason="staged by test-vm so far",
        work=UpdateWork((image.id,), {}, (VERDICT,)),
    )


def find_staged(
    desired: Desired, disks: Mapping[Address, Disk], observation: Observation, records: Records
) -> Image | None:
    """The image that was staged manually already, if it is what is desired now."""
    swapped = swap_roles(observation, desired.stack, records)
    inputs = gather_inputs(desired, swapped, without_resources(records), disks=disks)
    (spec,) = desired.images
    found = look_for(inputs, inputs.indexes[spec.address.service], spec)
    return found.image if isinstance(found, Staged) else None

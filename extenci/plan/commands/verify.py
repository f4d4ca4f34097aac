"""The plans of `extenci verify` and `extenci confirm`."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.work import ConfirmWork
from extenci.plan.images.verification import verdict_of, waiting_machines
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.part import key_pairs_of
from extenci.plan.service_index import ServiceIndex, newest_first


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


def plan_confirm(
    desired: Desired, observation: Observation, records: Records, now: float, address: Address, works: bool
) -> Plan:
    """The plan that records a person's answer about a version that waits. PlanError where no version of the
    image waits."""
    inputs = gather_inputs(desired, observation, records, now=now)
    index = inputs.indexes.get(address.service)
    found = find_waiting(inputs, index, address) if index else None
    if index is None or found is None:
        raise PlanError(
            f"No version of {address} waits for a person.",
            f"Run `extenci status` to see verdicts, or `extenci verify {address}` to verify it.",
        )
    image, version, verify_hash, machines = found
    spec = inputs.images.get(address)
    keeps = spec is not None and (spec.protect or (spec.verify is not None and spec.verify.keep_on_failure))
    work = ConfirmWork(
        image=image.id,
        version=version,
        verify_hash=verify_hash,
        works=works,
        machines=tuple(one.handle for one in machines),
        key_pairs=key_pairs_of(machines),
        removable=not keeps,
    )
    change = Change(
        id=f"confirm {address}",
        address=address,
        kind=Kind.IMAGE,
        action=Action.VERIFY,
        count=1,
        reason="a person said that it works" if works else "a person said that it does not work",
        work=work,
    )
    return Plan(desired.stack, (address.service,), (change,))


def find_waiting(
    inputs: PlanInputs, index: ServiceIndex, address: Address
) -> tuple[Image, str, str, list[Machine]] | None:
    """The newest image of an address that waits, as `status` shows it: the image, its version, its verify
    hash, and its test VMs."""
    images = newest_first(index.owned_images.get(address, ()))
    for image in images:
        version = image.marks.version if image.marks else None
        if version is None or verdict_of(inputs, index, image) is not Verdict.WAITING:
            continue
        machines = waiting_machines(inputs, index, address, version)
        verdicts = [VerdictMark.parse(one.marks.verdict) for one in machines if one.marks]
        if verdicts and verdicts[0]:
            return image, version, verdicts[0].verify_hash, machines
    return None

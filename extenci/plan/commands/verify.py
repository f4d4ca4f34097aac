"""The plans of `extenci verify` and `extenci confirm`: parts of what a whole plan would do."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.address import Address, Kind, Verdict
from extenci.model.desired import Wishes
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation
from extenci.model.plan import Action, Change, ConfirmWork, Plan
from extenci.model.record import Records
from extenci.plan.images.verification import verdict_of, waiting_machines
from extenci.plan.inputs import Scene, Stock, set_scene
from extenci.plan.part import held_by_jobs, key_pairs_of


def trials_only(plan: Plan, addresses: frozenset[Address]) -> Plan:
    """The changes of a plan that try images, and what has to be done before them."""
    wanted = {
        change.id for change in plan.changes if change.action is Action.VERIFY and change.address in addresses
    }
    return with_needed(plan, wanted, addresses)


def with_needed(plan: Plan, wanted: set[str], addresses: frozenset[Address]) -> Plan:
    """Some changes of a plan, by their ids, and what has to be done before them; of what it does not do, what
    is about these images."""
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
    wishes: Wishes, observation: Observation, records: Records, now: float, address: Address, works: bool
) -> Plan:
    """The plan that gives a version that waits a person's answer. PlanError where none of the image waits."""
    scene = set_scene(wishes, {}, observation, records, now, False)
    stock = scene.stocks.get(address.service)
    found = find_waiting(scene, stock, address) if stock else None
    if stock is None or found is None:
        raise PlanError(
            f"Nothing of {address} waits for a person.",
            f"`extenci status` shows verdicts; `extenci verify {address}` tries it.",
        )
    image, version, trial, machines = found
    wish = scene.images.get(address)
    keeps = wish is not None and (wish.protect or (wish.verify is not None and wish.verify.keep_on_failure))
    work = ConfirmWork(
        image=image.id,
        version=version,
        trial=trial,
        works=works,
        machines=tuple(one.handle for one in machines),
        held=held_by_jobs(machines),
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
    return Plan(wishes.stack, (address.service,), (change,))


def find_waiting(
    scene: Scene, stock: Stock, address: Address
) -> tuple[Image, str, str, list[Machine]] | None:
    """The image of an address that waits, its version and its trial, and the test VMs that wait with it: of
    several the newest, as `status` shows it."""
    images = sorted(
        stock.owned_images.get(address, ()), key=lambda image: (image.created, image.id), reverse=True
    )
    for image in images:
        version = image.marks.version if image.marks else None
        if version is None or verdict_of(scene, stock, image) is not Verdict.WAITING:
            continue
        machines = waiting_machines(scene, stock, address, version)
        trials = [(one.marks.verdict or "").partition(":")[2] for one in machines if one.marks]
        if machines:
            return image, version, trials[0], machines
    return None

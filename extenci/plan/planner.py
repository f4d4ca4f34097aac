"""The plan: what there is, looked at from every side, put together in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, Snapshot
from extenci.model.plans import Plan
from extenci.model.records import Records
from extenci.model.versions import Disk
from extenci.model.wishes import Wishes
from extenci.model.words import Address
from extenci.plan.groups import judge_groups
from extenci.plan.images import provide_images
from extenci.plan.instances import change_group
from extenci.plan.limits import find_headroom, find_refusals
from extenci.plan.order import order_changes
from extenci.plan.parts import Part, join
from extenci.plan.removal import Leaving, find_departures, remove_groups, retire_images
from extenci.plan.scene import Scene, Stock, set_scene, touched_services
from extenci.plan.unstaging import remove_leftovers, unstage_images


def make_plan(
    wishes: Wishes,
    disks: Mapping[Address, Disk],
    observation: Observation,
    records: Records,
    *,
    now: float,
    destroy: bool = False,
) -> Plan:
    """The changes that would make what is observed what is wished for; the same for the same inputs.

    `disks` has what was read of each image's source; it may lack those whose file is missing. `now` is
    seconds since the epoch and only serves to judge ages. With `destroy`, nothing of what is selected
    is wished for. Raises PlanError where a service of the stack is no longer in the specs, or was
    not observed.
    """
    check_services(wishes, observation, records)
    scene = set_scene(wishes, disks, observation, records, now, destroy)
    parts = {name: plan_service(scene, stock) for name, stock in scene.stocks.items()}
    whole = join(parts.values())
    refusals = [find_refusals(scene, scene.stocks[name], part.changes) for name, part in parts.items()]
    return Plan(
        stack=wishes.stack,
        services=tuple(scene.stocks),
        changes=order_changes(whole.changes),
        blocked=tuple(
            sorted(set(whole.blocked), key=lambda one: (one.address, one.kind, one.action, one.reason))
        ),
        warnings=tuple(dict.fromkeys(whole.warnings)),
        refusals=tuple(sentence for sentences in refusals for sentence in sentences),
        destroy=destroy,
    )


def plan_service(scene: Scene, stock: Stock) -> Part:
    """Everything that is to be done on one service."""
    provided = provide_images(scene, stock)
    groups = judge_groups(scene, stock, provided.provisions)
    headroom = find_headroom(scene, stock, groups)
    machines = join(
        (*(change_group(scene, group, headroom) for group in groups), remove_groups(scene, stock))
    )
    retired = retire_images(scene, stock, provided.provisions, find_departures(machines))
    cleared = [
        Leaving(image, image.marks.address, "registration failed", first=True)
        for image in provided.cleared
        if image.marks
    ]
    return join(
        (
            provided.part,
            machines,
            retired.part,
            unstage_images(scene, stock, [*cleared, *retired.leaving], provided.provisions),
            remove_leftovers(scene, stock, provided.provisions),
        )
    )


def check_services(wishes: Wishes, observation: Observation, records: Records) -> None:
    """Refuse to plan around a service that was removed from the specs, or whose state is not known."""
    for name in touched_services(wishes):
        if name not in observation.services:
            raise PlanError(f"What there is on {name} was not read, so nothing can be planned for it.")
    lost = Counter(
        address.service
        for address in owned_addresses(wishes.stack, observation, records)
        if address.service not in wishes.services and wishes.selection.covers(address)
    )
    for name, number in sorted(lost.items()):
        raise PlanError(
            f"No spec names the service {name} any more, but {number} of this stack's images, snapshots or "
            "machines are still there. A plan without the service would leave them unseen.",
            f"Put {name} back into a spec, run `extenci destroy --service {name}`; then take it out again. "
            "To plan the other services meanwhile, name them with --service.",
        )


def owned_addresses(stack: str, observation: Observation, records: Records) -> Iterator[Address]:
    """The addresses of everything known to be the stack's, by records or by marks."""
    recorded = {(record.service, record.id): record.address for record in records.resources}
    yield from recorded.values()
    for state in observation.services.values():
        things: tuple[Image | Snapshot | Machine, ...] = (*state.images, *state.snapshots, *state.machines)
        for thing in things:
            marks = thing.marks
            if marks and marks.stack == stack and (marks.service, thing.id) not in recorded:
                yield marks.address

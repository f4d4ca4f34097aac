"""Warns where a plan removes what may be another root's of the same stack name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from extenci.model.address import Address, Kind
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.plan import Change
from extenci.model.text import counted, listed
from extenci.model.work import TerminateWork, UnstageWork
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex

SHOWN = 3
"""Addresses that a warning names; more are counted."""


def warn_of_strangers(inputs: PlanInputs, index: ServiceIndex, changes: Iterable[Change]) -> tuple[str, ...]:
    """A warning where changes on a service remove resources that neither the specs name, nor the records of
    this home know, nor carry this root's id."""
    numbers: Counter[str] = Counter()
    addresses: set[Address] = set()
    recorded = {record.id for record in inputs.records.resources} | {
        id_ for intent in inputs.records.intents for id_ in intent.made
    }
    for change in changes:
        if is_named(inputs, change):
            continue
        for kind, thing in removed_by(index, change):
            if thing.id not in recorded and not has_own_root(inputs, thing):
                numbers[kind] += 1
                addresses.add(change.address)
    if not numbers:
        return ()
    what = listed([counted(number, kind) for kind, number in sorted(numbers.items())])
    where = sorted(map(str, addresses))
    shown = listed(where if len(where) <= SHOWN else [*where[:SHOWN], f"{len(where) - SHOWN} more"])
    stack = inputs.desired.stack
    text = (
        f"The plan removes {what} of {shown}, which no spec names and this home has no records of. If "
        f"another repository uses the stack name {stack}, too, they are its. A `root:` in extenci.yaml tells "
        "repositories apart: plans remove nothing that another root has made."
    )
    return (text,)


def is_named(inputs: PlanInputs, change: Change) -> bool:
    """Whether the specs name what a change is about, or did when they were last applied from here."""
    specs = inputs.images if change.kind is Kind.IMAGE else inputs.groups
    return change.address in specs or change.address in inputs.records.applied


def removed_by(index: ServiceIndex, change: Change) -> Iterator[tuple[str, Image | Snapshot | Machine]]:
    """What a change removes for good, and of which kind each is."""
    match change.work:
        case TerminateWork(machines=handles):
            machines = {str(machine.handle): machine for machine in index.machines.values()}
            yield from (("machine", machines[str(one)]) for one in handles if str(one) in machines)
        case UnstageWork(image=image, snapshots=snapshots):
            if image is not None and image in index.images:
                yield "image", index.images[image]
            elif image is None:
                yield from (("snapshot", index.snapshots[one]) for one in snapshots if one in index.snapshots)


def has_own_root(inputs: PlanInputs, thing: Image | Snapshot | Machine) -> bool:
    """Whether a resource carries the id of this root."""
    root = thing.marks.root_id if thing.marks is not None else None
    return root is not None and root == inputs.desired.root_id

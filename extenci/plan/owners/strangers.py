"""Warns where a plan removes what may be another root's of the same stack name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from extenci.model.address import Address, Kind
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.plan import Change
from extenci.model.text import counted, listed
from extenci.model.work import TerminateWork, UnstageWork
from extenci.plan.fields import APPLIED_FROM
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex

SHOWN = 3
"""Addresses that a warning names; more are counted."""
Found = dict[str, list[tuple[str, Address]]]
"""What is removed, each as its kind and address, by the folder of the root that applied it last; "" where
nothing is known of it."""


def warn_of_strangers(inputs: PlanInputs, index: ServiceIndex, changes: Iterable[Change]) -> tuple[str, ...]:
    """A warning where changes on a service remove resources that do not carry this root's id, that no spec
    names, and that this home does not know, or knows from another root."""
    found: Found = {}
    for change in changes:
        if not is_desired(inputs, change):
            for kind, thing in removed_by(index, change):
                if not has_own_root(inputs, thing):
                    note(inputs, found, change.address, kind, thing.id)
    return tuple(warning(inputs, several, whose_text(folder)) for folder, several in sorted(found.items()))


def is_desired(inputs: PlanInputs, change: Change) -> bool:
    """Whether the specs name what a change is about."""
    return change.address in (inputs.images if change.kind is Kind.IMAGE else inputs.groups)


def note(inputs: PlanInputs, found: Found, address: Address, kind: str, id_: str) -> None:
    """Note a resource that is removed, unless this home knows it from this root."""
    applied = inputs.records.applied.get(address)
    folder = str(applied.fields.get(APPLIED_FROM, inputs.desired.root)) if applied else None
    if folder not in (None, inputs.desired.root):
        found.setdefault(str(folder), []).append((kind, address))
    elif folder is None and not any(record.id == id_ for record in inputs.records.resources):
        found.setdefault("", []).append((kind, address))


def whose_text(folder: str) -> str:
    """What is known of the root that made something."""
    return f"That was applied last from {folder}." if folder else "This home has no records of that."


def warning(inputs: PlanInputs, removed: list[tuple[str, Address]], whose: str) -> str:
    """The warning about what is removed."""
    numbers = Counter(kind for kind, _ in removed)
    what = listed([counted(number, kind) for kind, number in sorted(numbers.items())])
    where = sorted({str(address) for _, address in removed})
    shown = listed(where if len(where) <= SHOWN else [*where[:SHOWN], f"{len(where) - SHOWN} more"])
    return (
        f"The plan removes {what} of {shown}, which no spec names. {whose} If another repository uses the "
        f"stack name {inputs.desired.stack}, too, that is its. A `root:` in extenci.yaml tells repositories "
        "apart: plans remove nothing that another root has made."
    )


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

"""Protection: by the spec where there is one, else by the mark on the resource."""

from __future__ import annotations

from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, DesiredImage
from extenci.model.observed import Image, Machine, Snapshot
from extenci.plan.inputs import PlanInputs


def is_protected(inputs: PlanInputs, kind: Kind, thing: Image | Snapshot | Machine) -> bool:
    """Whether no plan may remove a thing."""
    if thing.marks is None:
        return False
    spec = find_spec(inputs, kind, thing.marks.address)
    return spec.protect if spec else thing.marks.protect


def explain_protection(inputs: PlanInputs, kind: Kind, address: Address, what: str) -> str:
    """Why a resource (`what`) is not removed, and what to do to have it removed."""
    spec = find_spec(inputs, kind, address)
    if spec:
        return (
            f"{what} of {address} would be removed, but it is protected. Set protect: false at {spec.origin}."
        )
    return (
        f"{what} of {address} would be removed, but it is marked with protect: true. To remove it, put its "
        "entry back into the specs with protect: false, apply, then take the entry out again."
    )


def find_spec(inputs: PlanInputs, kind: Kind, address: Address) -> DesiredImage | DesiredGroup | None:
    """The spec of a kind at an address."""
    return inputs.images.get(address) if kind is Kind.IMAGE else inputs.groups.get(address)

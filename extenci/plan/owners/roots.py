"""Spec roots that share a stack's name by mistake: each would end what the other has made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot
from extenci.model.ownership import Marks
from extenci.model.text import counted, listed

Thing = Image | Snapshot | Machine


def find_other_roots(desired: Desired, observation: Observation) -> Mapping[str, PlanError]:
    """The services on which another root has resources of the same stack, each with the error that says so.
    Resources without a root's id count as this root's."""
    if desired.is_of_any_root:
        return {}
    numbers = {name: count_by_root(desired, state) for name, state in sorted(observation.services.items())}
    return {name: refusal(desired, name, found) for name, found in numbers.items() if found}


def count_by_root(desired: Desired, state: ServiceState) -> Counter[str]:
    """How many resources of the stack on a service are another root's, by its id."""
    mine = (desired.stack, state.service)
    roots = (marks.root_id for _, marks in marked(state) if (marks.stack, marks.service) == mine)
    return Counter(root for root in roots if root not in (None, desired.root_id))


def marked(state: ServiceState) -> Iterator[tuple[Thing, Marks]]:
    """The images, snapshots and live machines of a service that carry marks."""
    live = (machine for machine in state.machines if not machine.state.is_gone)
    things: tuple[Thing, ...] = (*state.images, *state.snapshots, *live)
    yield from ((thing, thing.marks) for thing in things if thing.marks is not None)


def refusal(desired: Desired, service: str, found: Counter[str]) -> PlanError:
    """The error of a service on which another root has resources of the stack."""
    others = sorted(found)
    shown = listed([f"root {name} ({counted(found[name], 'resource')})" for name in others])
    mine = f"says `root: {desired.root_id}`" if desired.root_id else "names no root"
    return PlanError(
        f"The stack {desired.stack} on {service} is in use by another root: {shown} by the tag extenci:root, "
        f"while extenci.yaml here {mine}. Each would end what the other has made: nothing is planned there.",
        "Give one of them another `stack:`. If this is that root, say so in extenci.yaml: "
        f"`root: {others[0]}`. To make everything anew from here, run `extenci destroy` there first.",
    )

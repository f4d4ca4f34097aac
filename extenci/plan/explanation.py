"""Why a plan does to an address what it does: the spec, the records, what was seen, and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired, DesiredGroup, DesiredImage
from extenci.model.observed import Image, Machine, Observation, Snapshot
from extenci.model.plan import Change, ExplainedChange, Explanation, Plan
from extenci.model.record import Records
from extenci.plan.fields import desired_fields
from extenci.plan.selection import no_match, owned_addresses


def explain(
    address: Address, desired: Desired, observation: Observation, records: Records, plan: Plan
) -> Explanation:
    """The explanation of an address in a plan, made from the same inputs; UsageError where nothing has it."""
    specs: tuple[DesiredImage | DesiredGroup, ...] = (*desired.images, *desired.instances)
    spec = next((one for one in specs if one.address == address), None)
    owned = set(owned_addresses(desired.stack, observation, records))
    known = {*(one.address for one in specs), *owned, *records.applied}
    is_read = address.service not in {one.service for one in observation.unread}
    if is_read and address not in known:
        raise no_match(address, "address", known)
    changes = tuple(
        ExplainedChange(change, rule_of(change, spec, plan))
        for change in plan.changes
        if change.address == address
    )
    return Explanation(
        address=address,
        kind=kind_of(spec, changes),
        origin=spec.origin if spec else None,
        fields=desired_fields(spec) if spec else {},
        applied=records.applied.get(address),
        recorded=tuple(one for one in records.resources if one.address == address),
        verdicts=tuple(one for one in records.verdicts if one.address == address),
        seen=tuple(seen_at(address, desired.stack, observation)),
        changes=changes,
        blocked=tuple(one for one in plan.blocked if one.address == address),
        drift=tuple(one for one in plan.drift if one.address == address),
        read=is_read,
        covered=desired.selection.covers(address) and address not in plan.left_out,
    )


def kind_of(spec: DesiredImage | DesiredGroup | None, changes: Sequence[ExplainedChange]) -> Kind | None:
    """The kind of thing at an address, None where neither a spec nor a change tells."""
    match spec:
        case DesiredImage():
            return Kind.IMAGE
        case DesiredGroup():
            return Kind.INSTANCES
        case None:
            return changes[0].change.kind if changes else None


def seen_at(address: Address, stack: str, observation: Observation) -> list[Image | Snapshot | Machine]:
    """What a service reports with the marks of an address: images, snapshots, machines, each by its id."""
    state = observation.services.get(address.service)
    if state is None:
        return []
    things: list[Image | Snapshot | Machine] = []
    for group in (state.images, state.snapshots, state.machines):
        things += sorted(group, key=lambda thing: thing.id)
    return [
        thing
        for thing in things
        if thing.marks and (thing.marks.stack, thing.marks.address) == (stack, address)
    ]


RULES: Mapping[Action, str] = {
    Action.ADOPT: "What an interrupted run made is tagged as this stack's before anything else is done.",
    Action.STAGE: "An image whose content is not on the service is uploaded, and registered.",
    Action.REGISTER: "Content that is on the service, or on its way there, is registered, not uploaded.",
    Action.VERIFY: "A version with a `verify:` block is used only after it has passed, once for each version "
    "and block.",
    Action.LAUNCH: "A group has as many machines as its `count`; those that are missing are launched.",
    Action.REPLACE: "Machines whose launch settings differ from the spec, or that are not healthy, are "
    "replaced, within `max_unavailable`.",
    Action.UPDATE: "Tags and the protect mark follow the spec; nothing is made anew for them.",
    Action.TERMINATE: "A group has no more machines than its `count`; outdated and unhealthy ones go first.",
    Action.UNSTAGE: "Versions beyond `keep`, failed ones and half-made snapshots go, once nothing uses them.",
    Action.REMOVE: "What interrupted runs left behind is removed.",
    Action.FORGET: "Records of what no longer exists are dropped.",
}
REMOVED = "What no spec names any more is removed, unless it is protected or in use."
DESTROYED = "`destroy` removes all that the stack owns, unless it is protected."
OBSOLETE = "A test VM whose version or verify block is no longer wanted is terminated."


def rule_of(change: Change, spec: DesiredImage | DesiredGroup | None, plan: Plan) -> str:
    """The rule of planning that made a change."""
    if change.action in {Action.TERMINATE, Action.UNSTAGE}:
        if plan.destroy:
            return DESTROYED
        if spec is None:
            return REMOVED
        if change.action is Action.TERMINATE and isinstance(spec, DesiredImage):
            return OBSOLETE
    return RULES[change.action]

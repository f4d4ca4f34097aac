"""Changes of instance groups: machines to launch, to replace and to end."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.action import Action
from extenci.model.address import Kind
from extenci.model.desired import ImageId
from extenci.model.ownership import Marks, settings_mark
from extenci.model.plan import Blocked, Change, FieldChange
from extenci.model.text import counted
from extenci.model.work import ImageToLaunch, LaunchWork, ReplaceWork, TerminateWork, Work
from extenci.plan.images.source import Staged, ToBeStaged, Unavailable, changes_before, usable_now
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.awaited import await_machines
from extenci.plan.instances.groups import Group
from extenci.plan.instances.other_schedds import explain_other_schedds
from extenci.plan.instances.reasons import (
    explain_launch,
    explain_replace,
    explain_terminate,
    launch_fields,
    replace_fields,
    terminate_fields,
)
from extenci.plan.part import PlanPart, join


def change_group(inputs: PlanInputs, group: Group, headroom: int | None) -> PlanPart:
    """The changes that make a group what its spec asks for. `headroom` is how many machines the service's
    limit allows besides those that there will be; None: any number."""
    return join(
        (
            end_surplus(inputs, group),
            launch_missing(inputs, group),
            renew_machines(inputs, group, headroom),
            note_held(group),
            refuse_elsewhere(inputs, group),
            await_machines(inputs, group),
        )
    )


def end_surplus(inputs: PlanInputs, group: Group) -> PlanPart:
    """End surplus machines."""
    if not group.surplus:
        return PlanPart()
    if group.spec.protect:
        return refuse_protected(group, Action.TERMINATE, f"{surplus_of(len(group.surplus))}")
    machines = tuple(member.machine.handle for member in group.surplus)
    work = TerminateWork(machines)
    reason, fields = explain_terminate(inputs, group), terminate_fields(inputs, group)
    return change(group, Action.TERMINATE, len(machines), reason, work, fields)


def renew_machines(inputs: PlanInputs, group: Group, headroom: int | None) -> PlanPart:
    """Replace the machines that are outdated or not healthy."""
    healed = group.missing if heals_meanwhile(group) else 0
    if not group.renewed and not healed:
        return PlanPart()
    reason = explain_replace(inputs, group) or "image differs"
    if group.spec.protect:
        return refuse_protected(group, Action.REPLACE, f"{count_of(group)} to be replaced ({reason})")
    if isinstance(group.source, Unavailable):
        return refuse_unavailable(group, group.source, Action.REPLACE)
    surge = headroom is None or headroom > 0
    batch = max(1, group.spec.max_unavailable) if surge else group.spec.max_unavailable
    if not batch:
        return refuse_full(group)
    work = ReplaceWork(
        group=group.spec,
        image=image_to_launch(group),
        machines=tuple(member.machine.handle for member in group.renewed),
        batch=min(batch, headroom) if headroom and surge else batch,
        surge=surge,
        tags=machine_tags(inputs, group),
        launched_by=f"{Action.LAUNCH} {group.spec.address}" if healed else None,
    )
    number = len(work.machines) + healed
    return change(group, Action.REPLACE, number, reason, work, replace_fields(inputs, group))


def launch_missing(inputs: PlanInputs, group: Group) -> PlanPart:
    """Launch missing machines."""
    if not group.missing:
        return PlanPart()
    if isinstance(group.source, Unavailable):
        return refuse_unavailable(group, group.source, Action.LAUNCH)
    if not isinstance(group.source, ImageId):
        group = replace(group, source=usable_now(group.source))
    work = LaunchWork(
        group=group.spec,
        image=image_to_launch(group),
        count=group.missing,
        tags=machine_tags(inputs, group),
    )
    reason, fields = explain_launch(inputs, group), launch_fields(inputs, group)
    return change(group, Action.LAUNCH, group.missing, reason, work, fields)


def heals_meanwhile(group: Group) -> bool:
    """Whether missing machines are launched from an older version, to be replaced once the new one passed."""
    source = group.source
    return bool(group.missing) and isinstance(source, Staged | ToBeStaged) and usable_now(source) != source


def note_held(group: Group) -> PlanPart:
    """Say how many surplus machines are left for a later plan."""
    if not group.held:
        return PlanPart()
    surplus = f"{group.spec.address} has {counted(group.held, 'surplus machine')}"
    return PlanPart(
        warnings=(f"{surplus}, still starting or changing: left alone for 3 minutes. Plan again then.",)
    )


def change(
    group: Group,
    action: Action,
    count: int,
    reason: str,
    work: Work,
    fields: tuple[FieldChange, ...],
) -> PlanPart:
    """One change of a group. Surplus machines end before others are replaced, which takes new ones beside
    the old."""
    address = group.spec.address
    before = changes_before(group.source) if action is not Action.TERMINATE else ()
    ended = f"{Action.TERMINATE} {address}" if action is Action.REPLACE and group.surplus else None
    launched = work.launched_by if isinstance(work, ReplaceWork) else None
    made = Change(
        id=f"{action} {address}",
        address=address,
        kind=Kind.INSTANCES,
        action=action,
        count=count,
        reason=reason,
        work=work,
        fields=fields,
        depends_on=(*before, *filter(None, (ended, launched))),
    )
    return PlanPart(changes=(made,))


def image_to_launch(group: Group) -> ImageToLaunch:
    """The image that a group's machines are launched from."""
    match group.source:
        case ImageId(id=image):
            return ImageToLaunch(image)
        case Staged() | ToBeStaged() as source:
            return source.to_launch
        case Unavailable(reason=reason):
            raise AssertionError(reason)


def machine_tags(inputs: PlanInputs, group: Group) -> dict[str, str]:
    """The tags of a group's machines, without the plan's id."""
    spec, source = group.spec, group.source
    version = source if isinstance(source, Staged | ToBeStaged) else None
    marks = Marks(
        stack=inputs.desired.stack,
        root_id=inputs.desired.root_id,
        service=spec.address.service,
        name=spec.address.name,
        digest=version.digest if version else None,
        version=version.label if version else None,
        settings=settings_mark(spec),
        protect=spec.protect,
    )
    return marks.to_tags(spec.tags)


def count_of(group: Group) -> str:
    """`1 machine is`, `3 machines are`."""
    number = len(group.renewed)
    return f"{counted(number, 'machine')} {'is' if number == 1 else 'are'}"


def surplus_of(number: int) -> str:
    """`1 machine is surplus`."""
    return f"{counted(number, 'machine')} {'is' if number == 1 else 'are'} surplus"


def refuse(group: Group, action: Action, reason: str, *, waits: bool = False) -> PlanPart:
    """Refuse something that a group's spec asks for."""
    return PlanPart(blocked=(Blocked(group.spec.address, Kind.INSTANCES, action, reason, waits),))


def refuse_protected(group: Group, action: Action, what: str) -> PlanPart:
    """Refuse to end or replace machines of a protected group."""
    spec = group.spec
    allow = f"Set protect: false at {spec.origin} to allow it."
    return refuse(group, action, f"{what}, but {spec.address} is protected. {allow}")


def refuse_unavailable(group: Group, source: Unavailable, action: Action) -> PlanPart:
    """Refuse to launch machines without their image."""
    return refuse(
        group,
        action,
        f"Its image {group.spec.image} is not available: {source.reason}",
        waits=source.waits,
    )


def refuse_elsewhere(inputs: PlanInputs, group: Group) -> PlanPart:
    """Refuse to end or replace machines that other schedds' jobs hold."""
    queue = inputs.indexes[group.spec.address.service].queue
    refused = ((Action.TERMINATE, group.surplus_elsewhere), (Action.REPLACE, group.renewed_elsewhere))
    return join(
        refuse(group, action, explain_other_schedds([member.machine for member in members], queue))
        for action, members in refused
        if members
    )


def refuse_full(group: Group) -> PlanPart:
    """Refuse to replace machines where none may be missing and there is no room for another one."""
    reason = (
        f"{count_of(group)} to be replaced, but max_unavailable is 0 and the service's limit of instances "
        "leaves no room for a new machine beside the old one. Raise one of the two."
    )
    return refuse(group, Action.REPLACE, reason)

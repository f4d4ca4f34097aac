"""Changes of instance groups: machines to launch, to replace and to end."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.address import Kind
from extenci.model.desired import ImageId
from extenci.model.ownership import Marks, settings_mark
from extenci.model.plan import (
    Action,
    Blocked,
    Change,
    FieldChange,
    ImageToLaunch,
    LaunchWork,
    ReplaceWork,
    TerminateWork,
    Work,
)
from extenci.plan.images.source import Coming, Provision, Ready, Unready, changes_before
from extenci.plan.inputs import Scene
from extenci.plan.instances.groups import Group
from extenci.plan.instances.reasons import (
    explain_launch,
    explain_replace,
    explain_terminate,
    launch_fields,
    replace_fields,
    terminate_fields,
)
from extenci.plan.part import Part, counted, held_by_jobs, join


def change_group(scene: Scene, group: Group, headroom: int | None) -> Part:
    """What makes a group what its wish asks for. `headroom` is how many machines more than at the end
    the service's limit allows meanwhile; None: any number."""
    return join(
        (
            end_surplus(scene, group),
            launch_missing(scene, group),
            renew_machines(scene, group, headroom),
            note_held(group),
        )
    )


def end_surplus(scene: Scene, group: Group) -> Part:
    """End the machines that are too many."""
    if not group.surplus:
        return Part()
    if group.wish.protect:
        return refuse_protected(group, Action.TERMINATE, f"{more_than_wanted(len(group.surplus))}")
    machines = tuple(member.machine.handle for member in group.surplus)
    work = TerminateWork(machines, held_by_jobs(member.machine for member in group.surplus))
    reason, fields = explain_terminate(scene, group), terminate_fields(scene, group)
    return change(group, Action.TERMINATE, len(machines), reason, work, fields)


def renew_machines(scene: Scene, group: Group, headroom: int | None) -> Part:
    """Replace the machines that are outdated or not healthy."""
    healed = group.missing if heals_meanwhile(group) else 0
    if not group.renewed and not healed:
        return Part()
    reason = explain_replace(scene, group) or "image differs"
    if group.wish.protect:
        return refuse_protected(group, Action.REPLACE, f"{count_of(group)} to be replaced ({reason})")
    if isinstance(group.provision, Unready):
        return refuse_unready(group, group.provision, Action.REPLACE)
    surge = headroom is None or headroom > 0
    batch = max(1, group.wish.max_unavailable) if surge else group.wish.max_unavailable
    if not batch:
        return refuse_full(group)
    work = ReplaceWork(
        group=group.wish,
        image=image_to_launch(group),
        machines=tuple(member.machine.handle for member in group.renewed),
        batch=min(batch, headroom) if headroom and surge else batch,
        surge=surge,
        tags=machine_tags(scene, group),
        held=held_by_jobs(member.machine for member in group.renewed),
        launched_by=f"{Action.LAUNCH} {group.wish.address}" if healed else None,
    )
    number = len(work.machines) + healed
    return change(group, Action.REPLACE, number, reason, work, replace_fields(scene, group))


def launch_missing(scene: Scene, group: Group) -> Part:
    """Launch the machines that are not there."""
    if not group.missing:
        return Part()
    if isinstance(group.provision, Unready):
        return refuse_unready(group, group.provision, Action.LAUNCH)
    group = replace(group, provision=proven(group.provision))
    work = LaunchWork(
        group=group.wish,
        image=image_to_launch(group),
        count=group.missing,
        tags=machine_tags(scene, group),
    )
    reason, fields = explain_launch(scene, group), launch_fields(scene, group)
    return change(group, Action.LAUNCH, group.missing, reason, work, fields)


def proven(provision: Provision | ImageId) -> Provision | ImageId:
    """What machines are launched from right now: an older version that was found good, as long as nobody
    knows that the wanted one is."""
    if isinstance(provision, Ready | Coming) and provision.verified_by and provision.meanwhile:
        marks = provision.meanwhile.marks
        return Ready(provision.meanwhile, (marks and marks.version) or "", (marks and marks.digest) or "")
    return provision


def heals_meanwhile(group: Group) -> bool:
    """Whether missing machines are launched from an older version, to be replaced once the new one passed."""
    return bool(group.missing) and proven(group.provision) is not group.provision


def note_held(group: Group) -> Part:
    """Say which surplus machines are left for a later plan."""
    if not group.held:
        return Part()
    started = f"{counted(group.held, 'machine')} of {group.wish.address} too many"
    return Part(
        warnings=(f"{started}: still starting or changing, so left alone for 3 minutes. Plan again then.",)
    )


def change(
    group: Group,
    action: Action,
    count: int,
    reason: str,
    work: Work,
    fields: tuple[FieldChange, ...],
) -> Part:
    """One change of a group."""
    address = group.wish.address
    before = changes_before(group.provision) if action is not Action.TERMINATE else ()
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
        depends_on=(*before, *([launched] if launched else [])),
    )
    return Part(changes=(made,))


def image_to_launch(group: Group) -> ImageToLaunch:
    """What a group's machines are launched from."""
    match group.provision:
        case ImageId(id=image):
            return ImageToLaunch(image)
        case Ready() | Coming() as provision:
            return provision.to_launch
        case Unready(reason=reason):
            raise AssertionError(reason)


def machine_tags(scene: Scene, group: Group) -> dict[str, str]:
    """The tags of a group's machines, without the plan's id."""
    wish, provision = group.wish, group.provision
    version = provision if isinstance(provision, Ready | Coming) else None
    marks = Marks(
        stack=scene.wishes.stack,
        service=wish.address.service,
        name=wish.address.name,
        digest=version.digest if version else None,
        version=version.label if version else None,
        settings=settings_mark(wish),
        protect=wish.protect,
    )
    return marks.to_tags(wish.tags)


def count_of(group: Group) -> str:
    """`1 machine is`, `3 machines are`."""
    number = len(group.renewed)
    return f"{counted(number, 'machine')} {'is' if number == 1 else 'are'}"


def more_than_wanted(number: int) -> str:
    """`1 machine is more than wanted`."""
    return f"{counted(number, 'machine')} {'is' if number == 1 else 'are'} more than wanted"


def refuse(group: Group, action: Action, reason: str, *, waits: bool = False) -> Part:
    """Something that a group's wish asks for and this plan will not do."""
    return Part(blocked=(Blocked(group.wish.address, Kind.INSTANCES, action, reason, waits),))


def refuse_protected(group: Group, action: Action, what: str) -> Part:
    """Machines of a protected group stay as they are."""
    wish = group.wish
    allow = f"Set protect: false at {wish.origin} to allow it."
    return refuse(group, action, f"{what}, but {wish.address} is protected. {allow}")


def refuse_unready(group: Group, provision: Unready, action: Action) -> Part:
    """No machine is launched without its image."""
    return refuse(
        group,
        action,
        f"Its image {group.wish.image} cannot be had: {provision.reason}",
        waits=provision.waits,
    )


def refuse_full(group: Group) -> Part:
    """No machine can be replaced where none may be missing and there is room for none more."""
    reason = (
        f"{count_of(group)} to be replaced, but max_unavailable is 0 and the service's limit of instances "
        "leaves no room for a new machine beside the old one. Raise one of the two."
    )
    return refuse(group, Action.REPLACE, reason)

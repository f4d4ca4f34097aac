"""Whether a saved plan still says what is to be done, after it was made or after a part of it was done.

Plans are compared by what they do: content to provide, machines to launch and to end, images and snapshots to
remove, tags to set. What was begun may be smaller now than it was; what was done must be gone; the rest must
be as it was. Reasons, fields and drift are not compared, nor is what becomes an id on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from extenci.model.address import Address
from extenci.model.desired import Origin
from extenci.model.plan import Change, Plan
from extenci.model.text import counted, listed
from extenci.model.work import (
    AdoptWork,
    LaunchWork,
    RegisterWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
    VerifyWork,
)


@dataclass(frozen=True)
class Fresh:
    """Nothing of the saved plan was begun, and all of it is still to be done."""


@dataclass(frozen=True)
class Continues:
    """A part of the saved plan is done; `plan` is the rest."""

    plan: Plan


@dataclass(frozen=True)
class AlreadyApplied:
    """Nothing of the saved plan is left to do."""


@dataclass(frozen=True)
class Stale:
    """Something else is to be done now; `differences` are lines for people."""

    differences: tuple[str, ...]


MACHINE_WORK = LaunchWork | ReplaceWork | TerminateWork
Standing = Fresh | Continues | AlreadyApplied | Stale


@dataclass(frozen=True)
class Progress:
    """Both plans, and how far the saved one got."""

    saved: Plan
    fresh: Plan
    begun: frozenset[str]
    done: frozenset[str]

    @property
    def undone(self) -> tuple[Change, ...]:
        """The saved changes that were not finished."""
        return tuple(change for change in self.saved.changes if change.id not in self.done)

    @property
    def untouched(self) -> tuple[Change, ...]:
        """The saved changes that were not begun."""
        return tuple(change for change in self.undone if change.id not in self.begun)

    @property
    def renewed(self) -> tuple[Change, ...]:
        """The fresh changes, without those that `repeated` tells of."""
        half = halfway(self)
        return tuple(one for one in self.fresh.changes if one.id not in self.done or one.address in half)


def compare_plans(saved: Plan, fresh: Plan, begun: frozenset[str], done: frozenset[str]) -> Standing:
    """How a saved plan stands against a fresh one of the same specs. `begun` and `done` are ids of the
    changes that the run of the saved plan has begun and finished."""
    progress = Progress(saved, fresh, begun - done, done)
    refused = tuple(new_blocks(progress))
    if saved.changes and not (fresh.changes or refused):
        return AlreadyApplied()
    differences = (
        *repeated(progress),
        *content_differences(progress),
        *verification_differences(progress),
        *machine_differences(progress),
        *unstage_differences(progress),
        *tag_differences(progress),
        *refused,
    )
    if differences:
        return Stale(tuple(dict.fromkeys(differences)))
    touched = (begun | done) & {change.id for change in saved.changes}
    return Continues(fresh) if touched else Fresh()


def new_blocks(progress: Progress) -> Iterator[str]:
    """What is in the way now and was not when the plan was made."""
    known = {(one.address, one.kind, one.action) for one in progress.saved.blocked}
    for one in progress.fresh.blocked:
        if (one.address, one.kind, one.action) not in known:
            yield f"{one.action} {one.address}: blocked now: {one.reason}"


def repeated(progress: Progress) -> Iterator[str]:
    """What was done and is to be done once more, because something undid it."""
    for change in progress.fresh.changes:
        if change.id in progress.done and change.address not in halfway(progress):
            yield f"{change.id}: was done, and is needed again ({change.reason})"


def halfway(progress: Progress) -> frozenset[Address]:
    """The groups with a change that was begun and not finished: more may have to be launched or ended."""
    return frozenset(
        change.address
        for change in progress.saved.changes
        if change.id in progress.begun and isinstance(change.work, MACHINE_WORK)
    )


# Content: stage and register.


def content_differences(progress: Progress) -> Iterator[str]:
    """Images that are to be made otherwise than it was planned."""
    fresh = {change.address: change for change in progress.fresh.changes if makes_image(change)}
    saved = {change.address: change for change in progress.saved.changes if makes_image(change)}
    for address, before in saved.items():
        after = fresh.pop(address, None)
        if after is None:
            if before in progress.untouched:
                yield f"{before.id}: not needed any more"
        elif before.id not in progress.done:
            yield from image_differences(progress, before, after)
        elif after.id != before.id:
            yield f"{before.id}: was done, and now {after.action} is needed ({after.reason})"
    for after in fresh.values():
        yield f"{after.id}: needed now ({after.reason})"


def makes_image(change: Change) -> bool:
    """Whether a change registers an image."""
    return isinstance(change.work, StageWork | RegisterWork)


def image_differences(progress: Progress, before: Change, after: Change) -> Iterator[str]:
    """How the making of one image differs from the plan's."""
    old, new = before.work, after.work
    assert isinstance(old, StageWork | RegisterWork)  # noqa: S101 - for the type checker
    assert isinstance(new, StageWork | RegisterWork)  # noqa: S101 - for the type checker
    if old.version != new.version:
        yield f"{before.id}: version {old.version}, now {new.version}"
    elif old.tags != new.tags:
        yield f"{before.id}: other tags now"
    elif not is_same_making(progress, before.id, old, new):
        yield f"{before.id}: now {after.action} ({after.reason})"


def is_same_making(
    progress: Progress, name: str, old: StageWork | RegisterWork, new: StageWork | RegisterWork
) -> bool:
    """Whether the content comes from where the plan says, or from what has been uploaded of it since."""
    match old, new:
        case StageWork(), StageWork():
            goes_on = name in progress.begun
            return goes_on or replace(old, parent=None) == replace(new, parent=None)
        case StageWork(), RegisterWork():
            return name in progress.begun
        case RegisterWork(), RegisterWork():
            return old == new or old.staged_by in progress.begun | progress.done
        case _:
            return False


def verification_differences(progress: Progress) -> Iterator[str]:
    """Images that are to be tried otherwise than it was planned."""
    fresh = {change.id: change.work for change in progress.fresh.changes}
    for change in progress.undone:
        match change.work, fresh.get(change.id):
            case (VerifyWork() as before, VerifyWork() as after) if is_other_verification(before, after):
                yield f"{change.id}: its verify block or a file that it names changed"


def is_other_verification(before: VerifyWork, after: VerifyWork) -> bool:
    """Whether another version is tried, or in another way."""
    return (before.verify_hash, before.version) != (after.verify_hash, after.version)


# Machines: launch, replace and terminate.


@dataclass(frozen=True)
class Footprint:
    """What changes do to the machines of one group."""

    launched: int
    replaced: frozenset[str]
    ended: frozenset[str]
    settings: tuple[object, ...]


def machine_differences(progress: Progress) -> Iterator[str]:
    """Groups whose machines are to be treated otherwise than it was planned."""
    saved, fresh = group_changes(progress.saved.changes), group_changes(progress.renewed)
    for address in sorted(saved.keys() | fresh.keys()):
        before, after = saved.get(address, []), footprint(fresh.get(address, []))
        undone = footprint([change for change in before if change.id not in progress.done])
        if address in halfway(progress):
            yield from excess_differences(address, undone, after)
        else:
            yield from exact_differences(address, undone, after)


def group_changes(changes: tuple[Change, ...]) -> dict[Address, list[Change]]:
    """The changes that launch or end machines, by group."""
    groups: dict[Address, list[Change]] = {}
    for change in changes:
        if isinstance(change.work, MACHINE_WORK):
            groups.setdefault(change.address, []).append(change)
    return groups


def footprint(changes: list[Change]) -> Footprint:
    """What changes of one group do together."""
    launched, replaced, ended = 0, frozenset[str](), frozenset[str]()
    settings: tuple[object, ...] = ()
    for change in changes:
        match change.work:
            case LaunchWork(group=group, count=count, tags=tags):
                launched += count
                settings = (replace(group, origin=NOWHERE), dict(tags))
            case ReplaceWork(group=group, machines=machines, tags=tags):
                replaced |= frozenset(machines)
                settings = (replace(group, origin=NOWHERE), dict(tags))
            case TerminateWork(machines=machines):
                ended |= frozenset(machines)
    return Footprint(launched, replaced, ended, settings)


NOWHERE = Origin("", 0, 0)
"""In place of where a spec stands: that makes no difference to what it asks for."""


def exact_differences(address: Address, before: Footprint, after: Footprint) -> Iterator[str]:
    """Where nothing was begun, the same is to be done to the same machines."""
    if before.launched != after.launched:
        yield f"launch {address}: count {before.launched}, now {after.launched}"
    yield from set_difference(f"replace {address}", before.replaced, after.replaced)
    yield from set_difference(f"terminate {address}", before.ended, after.ended)
    yield from settings_difference(address, before, after)


def excess_differences(address: Address, before: Footprint, after: Footprint) -> Iterator[str]:
    """Where something was begun, no more is to be done than was planned. A replacement that stopped halfway
    leaves machines to end, or to launch, that were to be replaced."""
    allowed = before.launched + len(before.replaced)
    if after.launched > allowed:
        yield f"launch {address}: count {before.launched}, now {after.launched}"
    more = (after.replaced | after.ended) - (before.replaced | before.ended)
    if more:
        yield f"replace or terminate {address}: now also {listed(sorted(more))}"
    yield from settings_difference(address, before, after)


def set_difference(name: str, before: frozenset[str], after: frozenset[str]) -> Iterator[str]:
    """A line where two sets of machines differ: by number, else by which."""
    if len(before) != len(after):
        yield f"{name}: {counted(len(before), 'machine')}, now {len(after)}"
    elif before != after:
        yield f"{name}: {listed(sorted(before - after))}, now {listed(sorted(after - before))}"


def settings_difference(address: Address, before: Footprint, after: Footprint) -> Iterator[str]:
    """A line where machines are to be launched with other settings."""
    if before.settings and after.settings and before.settings != after.settings:
        yield f"{address}: machines would be launched with other settings, or from another version"


# What is removed.


def unstage_differences(progress: Progress) -> Iterator[str]:
    """Images and snapshots that are to be removed otherwise than it was planned."""
    planned = removed_by(progress.undone)
    needed = removed_by(progress.untouched)
    now = removed_by(progress.renewed)
    leftovers = half_made(progress)
    for name in sorted(now.keys() - planned.keys() - leftovers):
        yield f"unstage {now[name]} {name}: needed now"
    for name in sorted(needed.keys() - now.keys()):
        yield f"unstage {needed[name]} {name}: not needed any more"


def removed_by(changes: tuple[Change, ...]) -> dict[str, Address]:
    """The images and snapshots that changes remove, each with its address."""
    return {
        name: change.address
        for change in changes
        if isinstance(change.work, UnstageWork)
        for name in (change.work.image, *change.work.snapshots)
        if name is not None
    }


def half_made(progress: Progress) -> frozenset[str]:
    """Snapshots without an image, of addresses whose staging was begun: its own leftovers."""
    staged = {
        change.address
        for change in progress.saved.changes
        if change.id in progress.begun and isinstance(change.work, StageWork)
    }
    return frozenset(
        name
        for change in progress.fresh.changes
        if isinstance(change.work, UnstageWork) and change.work.image is None and change.address in staged
        for name in change.work.snapshots
    )


# Tags.


def tag_differences(progress: Progress) -> Iterator[str]:
    """Things whose tags are to be changed otherwise than it was planned. What is left over of a removal that
    was begun may stay after all, and then gets its tags."""
    planned, needed = tagged_by(progress.undone), tagged_by(progress.untouched)
    own = removed_by(progress.undone).keys() - removed_by(progress.untouched).keys() | newborn(progress)
    now = tagged_by(progress.renewed)
    for name, (address, tags) in sorted(now.items()):
        if name not in own and (name not in planned or planned[name][1] != tags):
            yield f"tags of {address} {name}: others are to be set now"
    for name in sorted(needed.keys() - now.keys()):
        yield f"tags of {needed[name][0]} {name}: not to be changed any more"


def newborn(progress: Progress) -> frozenset[str]:
    """Things without any marks, of addresses where something was begun: made by it, and not tagged yet."""
    places = {change.address for change in progress.saved.changes if change.id in progress.begun}
    return frozenset(
        name
        for change in progress.fresh.changes
        if isinstance(change.work, AdoptWork) and change.address in places
        for name in change.work.resources
    )


def tagged_by(changes: tuple[Change, ...]) -> dict[str, tuple[Address, Mapping[str, str | None]]]:
    """What becomes of the tags of each thing that changes tag; None: taken off."""
    found: dict[str, tuple[Address, Mapping[str, str | None]]] = {}
    for change in changes:
        match change.work:
            case UpdateWork(resources=resources, set=tags, unset=unset):
                wanted: dict[str, str | None] = {**tags, **dict.fromkeys(unset)}
            case AdoptWork(resources=resources, set=tags):
                wanted = dict(tags)
            case _:
                continue
        found |= dict.fromkeys(resources, (change.address, wanted))
    return found

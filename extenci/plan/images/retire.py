"""Images to remove: those that are no longer desired, and versions beyond `keep`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, DesiredImage, ImageId
from extenci.model.observed import Image, ImageState, Machine
from extenci.model.plan import Blocked
from extenci.model.text import counted, listed
from extenci.model.verdict import Verdict
from extenci.model.work import ReplaceWork, TerminateWork
from extenci.plan.images.source import ImageSource, Staged, ToBeStaged, changes_before
from extenci.plan.images.verification import verdict_of
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import PlanPart
from extenci.plan.protection import explain_protection, is_protected
from extenci.plan.service_index import ServiceIndex, newest_first


@dataclass(frozen=True)
class ImageRemoval:
    """An image to unstage, once the changes `after` are done. `first`: it is in the way of a change of this
    plan, and is unstaged before it."""

    image: Image
    address: Address
    reason: str
    after: tuple[str, ...] = ()
    first: bool = False


@dataclass(frozen=True)
class Retirement:
    """The images to remove, and what is said about those that stay although nothing asks for them."""

    removals: tuple[ImageRemoval, ...]
    part: PlanPart


@dataclass(frozen=True)
class RemovalInputs:
    """The facts that decide whether an image can be removed: the sources of desired images, the change that
    ends each machine to be ended (by its handle), the groups that name an image by its id, and the ids of
    images to keep since their verification is not over."""

    sources: Mapping[Address, ImageSource]
    ended_by: Mapping[str, str]
    named: Mapping[str, DesiredGroup]
    kept_back: frozenset[str] = frozenset()


def find_endings(part: PlanPart) -> dict[str, str]:
    """The change that ends each machine, by the machine's handle, or, for machines that are still to be
    launched, by the change that launches them."""
    found: dict[str, str] = {}
    for change in part.changes:
        match change.work:
            case TerminateWork(machines=machines):
                found.update(dict.fromkeys(map(str, machines), change.id))
            case ReplaceWork(machines=machines, launched_by=launched):
                found.update(dict.fromkeys(map(str, machines), change.id))
                if launched:
                    found[launched] = change.id
    return found


def retire_images(
    inputs: PlanInputs,
    index: ServiceIndex,
    sources: Mapping[Address, ImageSource],
    ended_by: Mapping[str, str],
    kept_back: frozenset[str] = frozenset(),
) -> Retirement:
    """Choose the images to remove, among those that are no longer desired and versions beyond `keep`."""
    named = {str(spec.image): spec for spec in id_groups(inputs, index)}
    removal_inputs = RemovalInputs(sources, ended_by, named, kept_back)
    judged = [
        judge_removal(inputs, index, candidate, removal_inputs)
        for address in sorted(index.owned_images)
        if inputs.covers(address)
        for candidate in superfluous(inputs, index, address, sources.get(address))
        if candidate.image.id not in kept_back
    ]
    return Retirement(
        tuple(one for one in judged if isinstance(one, ImageRemoval)),
        PlanPart(
            blocked=tuple(one for one in judged if isinstance(one, Blocked)),
            warnings=tuple(one for one in judged if isinstance(one, str)),
        ),
    )


def superfluous(
    inputs: PlanInputs, index: ServiceIndex, address: Address, source: ImageSource | None
) -> Iterator[ImageRemoval]:
    """The images of an address that nothing asks for, whether or not they can be removed."""
    images, spec = index.owned_images[address], inputs.images.get(address)
    if spec is None or inputs.destroy:
        for image in images:
            yield ImageRemoval(image, address, inputs.removal_reason)
    else:
        failed = [image for image in images if verdict_of(inputs, index, image) is Verdict.FAILED]
        yield from (
            ImageRemoval(image, address, FAILED_VERIFICATION, changes_before(source)) for image in failed
        )
        if isinstance(source, Staged | ToBeStaged):
            others = tuple(image for image in images if image not in failed)
            yield from superfluous_versions(rollback_order(inputs, index, others, spec), spec, source)


FAILED_VERIFICATION = "failed its verification"


def rollback_order(
    inputs: PlanInputs, index: ServiceIndex, images: tuple[Image, ...], spec: DesiredImage
) -> tuple[Image, ...]:
    """Images in the order in which they are kept to go back to: the newest first, but where versions are
    verified, those that passed before all others."""
    newest = newest_first(images)
    if spec.verify is None:
        return tuple(newest)
    return tuple(sorted(newest, key=lambda one: verdict_of(inputs, index, one) is not Verdict.PASSED))


def superfluous_versions(
    images: tuple[Image, ...], spec: DesiredImage, source: Staged | ToBeStaged
) -> Iterator[ImageRemoval]:
    """Versions beyond `keep`, duplicates of the wanted one, and images that failed to register. The `images`
    are in the order in which they are kept."""
    after = changes_before(source)
    current = source.image if isinstance(source, Staged) else None
    kept = 0
    for image in images:
        wanted = image.marks is not None and image.marks.version == source.label
        if image == current or (wanted and current is None):
            continue
        if image.state is ImageState.FAILED:
            yield ImageRemoval(image, spec.address, "registration failed", after)
        elif wanted and current:
            yield ImageRemoval(image, spec.address, f"duplicate of {current.id}", after)
        elif kept < spec.keep:
            kept += 1
        else:
            yield ImageRemoval(image, spec.address, "old version", after)


def judge_removal(
    inputs: PlanInputs, index: ServiceIndex, candidate: ImageRemoval, removal_inputs: RemovalInputs
) -> ImageRemoval | Blocked | str:
    """Whether an image that nothing asks for is removed, and after which changes; a sentence where it
    stays."""
    image, address = candidate.image, candidate.address
    what = f"{image.id} ({candidate.reason}) of {address}"
    if is_protected(inputs, Kind.IMAGE, image):
        if address in inputs.images and not inputs.destroy:
            return f"{what} stays: {address} is protected."
        reason = explain_protection(inputs, Kind.IMAGE, address, image.id)
        return Blocked(address, Kind.IMAGE, Action.UNSTAGE, reason)
    released = {
        machine.id: release(inputs, machine, image, removal_inputs)
        for machine in index.run_from.get(image.id, ())
    }
    staying = [index.machines[name] for name, after in released.items() if after is None]
    if staying:
        return f"{what} stays: {describe_users(staying)} from it."
    if image.id in removal_inputs.named:
        return f"{what} stays: {removal_inputs.named[image.id].address} names it."
    healed = (
        f"{Action.REPLACE} {spec.address}"
        for spec in inputs.groups_on(index.service.name)
        if f"{Action.REPLACE} {spec.address}" in removal_inputs.ended_by.values()
        and heals_from(
            image, removal_inputs.sources.get(spec.image) if isinstance(spec.image, Address) else None
        )
    )
    after = {
        *candidate.after,
        *(change for changes in released.values() for change in changes or ()),
        *healed,
    }
    return replace(candidate, after=tuple(sorted(after)))


def heals_from(image: Image, source: ImageSource | None) -> bool:
    """Whether machines may be launched from an image while a newer version is verified."""
    return isinstance(source, Staged | ToBeStaged) and source.meanwhile == image


def release(
    inputs: PlanInputs, machine: Machine, image: Image, removal_inputs: RemovalInputs
) -> tuple[str, ...] | None:
    """The changes after which a machine no longer needs the image that it runs from; None: it needs it.

    It does not need it once it is ended, nor where its group's image is the same version under another id.
    """
    ended_by = removal_inputs.ended_by.get(str(machine.handle))
    if ended_by is not None:
        return (ended_by,)
    spec = inputs.groups.get(machine.marks.address) if machine.marks else None
    if spec is None or isinstance(spec.image, ImageId) or inputs.destroy:
        return None
    version = image.marks.version if image.marks else None
    match removal_inputs.sources.get(spec.image):
        case Staged(image=other, label=label) if label == version and other.id != image.id:
            return ()
        case ToBeStaged(change=change, label=label) if label == version:
            return (change,)
        case _:
            return None


def describe_users(machines: list[Machine]) -> str:
    """`2 machines of a/pool and 1 machine of a/web run`."""
    numbers = Counter(str(machine.marks.address) if machine.marks else machine.id for machine in machines)
    groups = [f"{counted(number, 'machine')} of {name}" for name, number in sorted(numbers.items())]
    return f"{listed(groups)} {'runs' if len(machines) == 1 else 'run'}"


def id_groups(inputs: PlanInputs, index: ServiceIndex) -> Iterator[DesiredGroup]:
    """The groups that name an image by its id."""
    for spec in inputs.lasting_groups(index.service.name):
        if isinstance(spec.image, ImageId):
            yield spec

"""Images that are desired: found staged, or to be staged or registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind, Method
from extenci.model.desired import DesiredImage
from extenci.model.observed import Image, ImageState, Snapshot
from extenci.model.ownership import VERSION, Marks
from extenci.model.plan import Blocked, Change, FieldChange
from extenci.model.record import ResourceKind
from extenci.model.verdict import Verdict
from extenci.model.version import Disk, Version
from extenci.model.work import RegisterWork, StageWork
from extenci.plan.fields import IMAGE_FIELDS, differing_fields, image_fields, new_fields
from extenci.plan.images.content import Content, find_content, missing_source, says
from extenci.plan.images.snapshots import Upload, find_parent, find_pending, find_source
from extenci.plan.images.source import Coming, Provision, Ready, Unready
from extenci.plan.images.verification import OnTrial, find_standing, hold_back, last_good, try_version
from extenci.plan.inputs import PlanInputs, ServiceIndex
from extenci.plan.instances.left_test_vms import left_of
from extenci.plan.part import PlanPart, unstage_id

UploadKey = tuple[str, Address | None]


@dataclass(frozen=True)
class Provided:
    """How each needed image of a service comes to be there. `cleared` are failed images that hold a
    wanted name: they have to be unstaged before the changes of `part`. `spared` are ids of images that stay
    although no group uses them: they are on trial."""

    provisions: Mapping[Address, Provision]
    part: PlanPart
    cleared: tuple[Image, ...]
    spared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Need:
    """An image that is not staged: what it takes to stage it."""

    spec: DesiredImage
    content: Content
    failed: tuple[Image, ...]

    @property
    def upload_key(self) -> UploadKey:
        """What images have in common that can be made from one upload: bundles have no snapshots, and each
        image its own."""
        is_bundle = self.spec.method is Method.BUNDLE
        return self.content.version.digest, self.spec.address if is_bundle else None


def provide_images(inputs: PlanInputs, index: ServiceIndex) -> Provided:
    """Find or make every image that a selected spec of a service asks for or is launched from."""
    found: dict[Address, Provision | Need | OnTrial] = {
        spec.address: look_for_usable(inputs, index, spec) for spec in needed_images(inputs, index)
    }
    needs = sorted((thing for thing in found.values() if isinstance(thing, Need)), key=upload_order)
    held = [thing for thing in found.values() if isinstance(thing, OnTrial)]
    made = make_images(inputs, index, needs)
    provisions = {address: provision_of(thing, made, address) for address, thing in found.items()}
    verify_hashes = [
        try_version(inputs, inputs.images[address], provision, left_of(inputs, index, address))
        for address, provision in provisions.items()
        if isinstance(provision, Ready | Coming)
        and needs_verification(inputs, index, found[address], provision, address)
    ]
    tried = {change.address: change.id for change in verify_hashes}
    return Provided(
        provisions={
            address: on_condition(inputs, index, provision, address, tried.get(address))
            for address, provision in provisions.items()
        },
        part=PlanPart(
            changes=(*(change for _, change in made.values() if change), *verify_hashes),
            blocked=(
                *(thing.blocked for thing in held),
                *(
                    Blocked(address, Kind.IMAGE, Action.STAGE, provision.reason)
                    for address, provision in sorted(provisions.items(), key=lambda item: item[0])
                    if isinstance(provision, Unready) and not isinstance(found[address], OnTrial)
                ),
            ),
        ),
        cleared=tuple(image for need in needs if made[need.spec.address][1] for image in need.failed),
        spared=frozenset(name for thing in held for name in thing.spared),
    )


def look_for_usable(
    inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage
) -> Provision | Need | OnTrial:
    """What `look_for` finds, unless it is known that it must not be used."""
    found = look_for(inputs, index, spec)
    if spec.verify is None or isinstance(found, Unready | Coming):
        return found
    label = found.label if isinstance(found, Ready) else str(found.content.version)
    image = found.image if isinstance(found, Ready) else None
    standing = find_standing(inputs, index, spec, label, image)
    if standing.verdict in (None, Verdict.PASSED):
        return found
    return hold_back(inputs, index, spec, label, image, standing)


def provision_of(
    thing: Provision | Need | OnTrial,
    made: Mapping[Address, tuple[Provision, Change | None]],
    address: Address,
) -> Provision:
    """What an image is launched from."""
    match thing:
        case Need():
            return made[address][0]
        case OnTrial(instead=instead):
            return instead
        case _:
            return thing


def needs_verification(
    inputs: PlanInputs, index: ServiceIndex, thing: object, provision: Ready | Coming, address: Address
) -> bool:
    """Whether nobody knows yet if a version works that must be tried."""
    spec = inputs.images[address]
    if spec.verify is None or isinstance(thing, OnTrial):
        return False
    image = provision.image if isinstance(provision, Ready) else None
    return find_standing(inputs, index, spec, provision.label, image).verdict is None


def on_condition(
    inputs: PlanInputs, index: ServiceIndex, provision: Provision, address: Address, verify_hash: str | None
) -> Provision:
    """A provision that may be used only once its trial is over."""
    if verify_hash is None or not isinstance(provision, Ready | Coming):
        return provision
    meanwhile = last_good(inputs, index, inputs.images[address], provision.label)
    return replace(provision, verified_by=verify_hash, meanwhile=meanwhile)


def make_images(
    inputs: PlanInputs, index: ServiceIndex, needs: Sequence[Need]
) -> dict[Address, tuple[Provision, Change | None]]:
    """Stage or register what is not there; the same content is uploaded once."""
    uploads: dict[UploadKey, Upload] = {}
    made: dict[Address, tuple[Provision, Change | None]] = {}
    for need in needs:
        change = make_image(inputs, index, need, uploads)
        if isinstance(change, Unready):
            made[need.spec.address] = change, None
        else:
            made[need.spec.address] = coming(change, need, uploads.get(need.upload_key)), change
    return made


def needed_images(inputs: PlanInputs, index: ServiceIndex) -> tuple[DesiredImage, ...]:
    """The images that are selected, and those that a selected group is launched from."""
    if inputs.destroy:
        return ()
    name = index.service.name
    references = {group.image for group in inputs.groups_on(name) if inputs.covers(group.address)}
    return tuple(
        spec for spec in inputs.images_on(name) if inputs.covers(spec.address) or spec.address in references
    )


def upload_order(need: Need) -> tuple[int, Address]:
    """The smallest volume first: a snapshot serves every volume that is not smaller than itself."""
    return need.content.version.registration.gib, need.spec.address


def look_for(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage) -> Provision | Need:
    """Whether a desired image is staged, can be, or cannot."""
    content = find_content(inputs, index, spec)
    if isinstance(content, str):
        return Unready(content)
    version = content.version
    same = [image for image in index.owned_images.get(spec.address, ()) if says(image, version)]
    staged = [image for image in same if image.state is not ImageState.FAILED]
    if staged:
        best = min(staged, key=lambda image: preference(image, index))
        return Ready(best, str(version), version.digest)
    if same and (spec.protect or not inputs.covers(spec.address)):
        return Unready(explain_failed(same[0], spec), str(version))
    holders = index.named.get(version.image_name(spec.address.name, inputs.desired.stack), ())
    foreign = next((image for image in holders if image not in same), None)
    if foreign:
        return Unready(explain_holder(foreign), str(version))
    return Need(spec, content, tuple(same))


def preference(image: Image, index: ServiceIndex) -> tuple[bool, bool, str, str]:
    """Which of several images of one version is the one to keep: in use, available, the oldest."""
    idle = image.id not in index.run_from
    return idle, image.state is not ImageState.AVAILABLE, image.created, image.id


def explain_failed(image: Image, spec: DesiredImage) -> str:
    """Why an image whose registration failed, and which this plan may not remove, stands in the way."""
    if spec.protect:
        why = f"is protected. Set protect: false at {spec.origin} until it is staged."
    else:
        why = "is not selected, so that nothing of it is removed. Select it too."
    return f"The image {image.id} failed to be registered and has to go first, but {spec.address} {why}"


def explain_holder(image: Image) -> str:
    """Why an image that is not this address's own, but has its name, stands in the way."""
    marks = image.marks
    whose = (
        f"an image of stack {marks.stack} at {marks.address}" if marks else "an image that is not extenci's"
    )
    return (
        f"{image.id}, {whose}, already has the name {image.name}, and a service registers a name only once. "
        "Rename the image in the specs, or deregister that one by hand if nobody needs it."
    )


def make_image(
    inputs: PlanInputs, index: ServiceIndex, need: Need, uploads: dict[UploadKey, Upload]
) -> Change | Unready:
    """The change that stages a missing image; what it uploads is noted in `uploads`."""
    spec, content = need.spec, need.content
    version = content.version
    snapshot = find_source(index, version, spec.address)
    if snapshot:
        return register(inputs, index, need, snapshot=snapshot)
    if need.upload_key in uploads:
        return register(inputs, index, need, upload=uploads[need.upload_key])
    if content.disk is None:
        return Unready(missing_source(spec), str(version))
    pending = find_pending(index, version, spec.address)
    change = stage(inputs, index, need, content.disk, pending)
    uploads[need.upload_key] = Upload(change.id, spec.address, pending.id if pending else None)
    return change


def stage(
    inputs: PlanInputs, index: ServiceIndex, need: Need, disk: Disk, pending: Snapshot | None
) -> Change:
    """Upload a disk and register it, going on with an upload that was interrupted (`pending`)."""
    spec, version = need.spec, need.content.version
    if pending is None:
        parent = find_parent(index, version, spec.address)
    else:
        parent = pending.marks.parent if pending.marks else None
    work = StageWork(
        version=version,
        source=need.content.source,
        size=disk.size,
        blocks=disk.blocks,
        tags=image_tags(inputs, spec, version),
        sha256=spec.sha256,
        snapshot=pending.id if pending else None,
        parent=parent,
    )
    reason = "upload was interrupted" if pending else missing_reason(inputs, index, need)
    return image_change(inputs, index, need, Action.STAGE, reason, work)


def register(
    inputs: PlanInputs,
    index: ServiceIndex,
    need: Need,
    *,
    snapshot: str | None = None,
    upload: Upload | None = None,
) -> Change:
    """Register an image of content that is on the service, or that another change brings there."""
    spec, version = need.spec, need.content.version
    work = RegisterWork(
        version=version,
        tags=image_tags(inputs, spec, version),
        snapshot=snapshot,
        staged_by=upload.change if upload else None,
    )
    reason = f"same content as {upload.address}" if upload else present_reason(inputs, index, need)
    change = image_change(inputs, index, need, Action.REGISTER, reason, work)
    return replace(change, depends_on=(*change.depends_on, upload.change)) if upload else change


def image_change(
    inputs: PlanInputs,
    index: ServiceIndex,
    need: Need,
    action: Action,
    reason: str,
    work: StageWork | RegisterWork,
) -> Change:
    """A change that registers one image."""
    address = need.spec.address
    return Change(
        id=f"{action} {address}",
        address=address,
        kind=Kind.IMAGE,
        action=action,
        count=1,
        reason=reason,
        work=work,
        fields=content_fields(inputs, index, need),
        depends_on=tuple(unstage_id(address, image.id) for image in need.failed),
    )


def image_tags(inputs: PlanInputs, spec: DesiredImage, version: Version) -> dict[str, str]:
    """The tags of an image and its snapshot, without the plan's id."""
    marks = Marks(
        stack=inputs.desired.stack,
        service=spec.address.service,
        name=spec.address.name,
        digest=version.digest,
        version=str(version),
        source_sha256=spec.sha256,
        protect=spec.protect,
    )
    return marks.to_tags(spec.tags)


def missing_reason(inputs: PlanInputs, index: ServiceIndex, need: Need) -> str:
    """Why a disk is uploaded."""
    address = need.spec.address
    others = other_versions(index, need)
    if need.failed:
        return "registration failed"
    if lost := lost_image(inputs, address, str(need.content.version)):
        return f"{lost} is gone"
    if not others:
        return "not staged"
    version = need.content.version
    same = [image for image in others if image.marks and image.marks.digest == version.digest]
    if not same:
        return "content changed"
    is_bundle = version.registration.method is Method.BUNDLE or any(image.manifest for image in same)
    return "its bundle was made with other settings" if is_bundle else "volume is smaller than the snapshot"


def present_reason(inputs: PlanInputs, index: ServiceIndex, need: Need) -> str:
    """Why an image is registered of content that is on the service already."""
    if need.failed:
        return "registration failed"
    if lost := lost_image(inputs, need.spec.address, str(need.content.version)):
        return f"{lost} is gone"
    digest = need.content.version.digest
    same = any(image.marks and image.marks.digest == digest for image in other_versions(index, need))
    return "same content, other settings" if same else "content is already on the service"


def other_versions(index: ServiceIndex, need: Need) -> tuple[Image, ...]:
    """The images of this address that are not of the wanted version."""
    owned = index.owned_images.get(need.spec.address, ())
    return tuple(image for image in owned if image not in need.failed)


def lost_image(inputs: PlanInputs, address: Address, label: str) -> str | None:
    """The id that the wanted version had by the records, where it is not on the service any more."""
    index = inputs.indexes[address.service]
    for record in inputs.recorded.get(address, ()):
        lost = record.kind is ResourceKind.IMAGE and record.id not in index.images
        if lost and record.tags.get(VERSION) == label:
            return record.id
    return None


def content_fields(inputs: PlanInputs, index: ServiceIndex, need: Need) -> tuple[FieldChange, ...]:
    """What of an image differs from the newest version there is of it."""
    spec, version = need.spec, need.content.version
    after = {**image_fields(spec), "digest": version.digest, "size": version.registration.gib}
    others = other_versions(index, need)
    if not others:
        return new_fields(after, IMAGE_FIELDS)
    newest = max(others, key=lambda image: (image.created, image.id))
    seen: dict[str, object] = {**after, "digest": newest.marks and newest.marks.digest}
    seen |= known({"architecture": newest.architecture, "size": newest.gib})
    seen["boot_mode"] = newest.boot_mode
    applied = inputs.applied(spec.address) or {}
    seen |= {name: applied[name] for name in ("method", "boot_mode") if name in applied}
    return differing_fields(seen, after, IMAGE_FIELDS)


def known(values: Mapping[str, object]) -> dict[str, object]:
    """What a service does report."""
    return {key: value for key, value in values.items() if value is not None}


def coming(change: Change, need: Need, upload: Upload | None) -> Coming:
    """The provision that a change makes, from a snapshot that is there or from an upload of this plan."""
    version, work = need.content.version, change.work
    found = work.snapshot if isinstance(work, RegisterWork) else None
    snapshot = found or (upload.snapshot if upload else None)
    return Coming(change.id, str(version), version.digest, snapshot)

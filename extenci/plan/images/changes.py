"""Images that are wished for: found staged, or to be staged or registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from extenci.model.address import Address, Kind, Method, Verdict
from extenci.model.desired import ImageWish
from extenci.model.observed import Image, ImageState, Snapshot
from extenci.model.ownership import VERSION, Marks
from extenci.model.plan import (
    Action,
    Blocked,
    Change,
    FieldChange,
    RegisterWork,
    StageWork,
)
from extenci.model.record import ResourceKind
from extenci.model.version import Disk, Version
from extenci.plan.fields import IMAGE_FIELDS, differing_fields, image_fields, new_fields
from extenci.plan.images.content import Content, find_content, missing_source, says
from extenci.plan.images.snapshots import Upload, find_parent, find_pending, find_source
from extenci.plan.images.source import Coming, Provision, Ready, Unready
from extenci.plan.images.verification import OnTrial, find_standing, hold_back, last_good, try_version
from extenci.plan.inputs import Scene, Stock
from extenci.plan.instances.left_test_vms import left_of
from extenci.plan.part import Part, unstage_id

UploadKey = tuple[str, Address | None]


@dataclass(frozen=True)
class Provided:
    """How each needed image of a service comes to be there. `cleared` are failed images that hold a
    wanted name: they have to be unstaged before the changes of `part`. `spared` are ids of images that stay
    although no group uses them: they are on trial."""

    provisions: Mapping[Address, Provision]
    part: Part
    cleared: tuple[Image, ...]
    spared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Need:
    """An image that is not staged: what it takes to stage it."""

    wish: ImageWish
    content: Content
    failed: tuple[Image, ...]

    @property
    def upload_key(self) -> UploadKey:
        """What images have in common that can be made from one upload: bundles have no snapshots, and each
        image its own."""
        is_bundle = self.wish.method is Method.BUNDLE
        return self.content.version.digest, self.wish.address if is_bundle else None


def provide_images(scene: Scene, stock: Stock) -> Provided:
    """Find or make every image that a selected wish of a service asks for or is launched from."""
    found: dict[Address, Provision | Need | OnTrial] = {
        wish.address: look_for_usable(scene, stock, wish) for wish in needed_images(scene, stock)
    }
    needs = sorted((thing for thing in found.values() if isinstance(thing, Need)), key=upload_order)
    held = [thing for thing in found.values() if isinstance(thing, OnTrial)]
    made = make_images(scene, stock, needs)
    provisions = {address: provision_of(thing, made, address) for address, thing in found.items()}
    trials = [
        try_version(scene, scene.images[address], provision, left_of(scene, stock, address))
        for address, provision in provisions.items()
        if isinstance(provision, Ready | Coming)
        and needs_trial(scene, stock, found[address], provision, address)
    ]
    tried = {change.address: change.id for change in trials}
    return Provided(
        provisions={
            address: on_condition(scene, stock, provision, address, tried.get(address))
            for address, provision in provisions.items()
        },
        part=Part(
            changes=(*(change for _, change in made.values() if change), *trials),
            blocked=(
                *(thing.blocked for thing in held),
                *(
                    Blocked(address, Kind.IMAGE, Action.STAGE, provision.reason)
                    for address, provision in sorted(provisions.items(), key=lambda item: item[0])
                    if isinstance(provision, Unready) and not isinstance(found[address], OnTrial)
                ),
            ),
        ),
        cleared=tuple(image for need in needs if made[need.wish.address][1] for image in need.failed),
        spared=frozenset(name for thing in held for name in thing.spared),
    )


def look_for_usable(scene: Scene, stock: Stock, wish: ImageWish) -> Provision | Need | OnTrial:
    """What `look_for` finds, unless it is known that it must not be used."""
    found = look_for(scene, stock, wish)
    if wish.verify is None or isinstance(found, Unready | Coming):
        return found
    label = found.label if isinstance(found, Ready) else str(found.content.version)
    image = found.image if isinstance(found, Ready) else None
    standing = find_standing(scene, stock, wish, label, image)
    if standing.verdict in (None, Verdict.PASSED):
        return found
    return hold_back(scene, stock, wish, label, image, standing)


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


def needs_trial(
    scene: Scene, stock: Stock, thing: object, provision: Ready | Coming, address: Address
) -> bool:
    """Whether nobody knows yet if a version works that must be tried."""
    wish = scene.images[address]
    if wish.verify is None or isinstance(thing, OnTrial):
        return False
    image = provision.image if isinstance(provision, Ready) else None
    return find_standing(scene, stock, wish, provision.label, image).verdict is None


def on_condition(
    scene: Scene, stock: Stock, provision: Provision, address: Address, trial: str | None
) -> Provision:
    """A provision that may be used only once its trial is over."""
    if trial is None or not isinstance(provision, Ready | Coming):
        return provision
    meanwhile = last_good(scene, stock, scene.images[address], provision.label)
    return replace(provision, verified_by=trial, meanwhile=meanwhile)


def make_images(
    scene: Scene, stock: Stock, needs: Sequence[Need]
) -> dict[Address, tuple[Provision, Change | None]]:
    """Stage or register what is not there; the same content is uploaded once."""
    uploads: dict[UploadKey, Upload] = {}
    made: dict[Address, tuple[Provision, Change | None]] = {}
    for need in needs:
        change = make_image(scene, stock, need, uploads)
        if isinstance(change, Unready):
            made[need.wish.address] = change, None
        else:
            made[need.wish.address] = coming(change, need, uploads.get(need.upload_key)), change
    return made


def needed_images(scene: Scene, stock: Stock) -> tuple[ImageWish, ...]:
    """The images that are selected, and those that a selected group is launched from."""
    if scene.destroy:
        return ()
    name = stock.service.name
    references = {group.image for group in scene.groups_on(name) if scene.covers(group.address)}
    return tuple(
        wish for wish in scene.images_on(name) if scene.covers(wish.address) or wish.address in references
    )


def upload_order(need: Need) -> tuple[int, Address]:
    """The smallest volume first: a snapshot serves every volume that is not smaller than itself."""
    return need.content.version.registration.gib, need.wish.address


def look_for(scene: Scene, stock: Stock, wish: ImageWish) -> Provision | Need:
    """Whether a wished image is staged, can be, or cannot."""
    content = find_content(scene, stock, wish)
    if isinstance(content, str):
        return Unready(content)
    version = content.version
    same = [image for image in stock.owned_images.get(wish.address, ()) if says(image, version)]
    staged = [image for image in same if image.state is not ImageState.FAILED]
    if staged:
        best = min(staged, key=lambda image: preference(image, stock))
        return Ready(best, str(version), version.digest)
    if same and (wish.protect or not scene.covers(wish.address)):
        return Unready(explain_failed(same[0], wish), str(version))
    holders = stock.named.get(version.image_name(wish.address.name, scene.wishes.stack), ())
    foreign = next((image for image in holders if image not in same), None)
    if foreign:
        return Unready(explain_holder(foreign), str(version))
    return Need(wish, content, tuple(same))


def preference(image: Image, stock: Stock) -> tuple[bool, bool, str, str]:
    """Which of several images of one version is the one to keep: in use, available, the oldest."""
    idle = image.id not in stock.run_from
    return idle, image.state is not ImageState.AVAILABLE, image.created, image.id


def explain_failed(image: Image, wish: ImageWish) -> str:
    """Why an image whose registration failed, and which this plan may not remove, stands in the way."""
    if wish.protect:
        why = f"is protected. Set protect: false at {wish.origin} until it is staged."
    else:
        why = "is not selected, so that nothing of it is removed. Select it too."
    return f"The image {image.id} failed to be registered and has to go first, but {wish.address} {why}"


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


def make_image(scene: Scene, stock: Stock, need: Need, uploads: dict[UploadKey, Upload]) -> Change | Unready:
    """The change that stages a missing image; what it uploads is noted in `uploads`."""
    wish, content = need.wish, need.content
    version = content.version
    snapshot = find_source(stock, version, wish.address)
    if snapshot:
        return register(scene, stock, need, snapshot=snapshot)
    if need.upload_key in uploads:
        return register(scene, stock, need, upload=uploads[need.upload_key])
    if content.disk is None:
        return Unready(missing_source(wish), str(version))
    pending = find_pending(stock, version, wish.address)
    change = stage(scene, stock, need, content.disk, pending)
    uploads[need.upload_key] = Upload(change.id, wish.address, pending.id if pending else None)
    return change


def stage(scene: Scene, stock: Stock, need: Need, disk: Disk, pending: Snapshot | None) -> Change:
    """Upload a disk and register it, going on with an upload that was interrupted (`pending`)."""
    wish, version = need.wish, need.content.version
    if pending is None:
        parent = find_parent(stock, version, wish.address)
    else:
        parent = pending.marks.parent if pending.marks else None
    work = StageWork(
        version=version,
        source=need.content.source,
        size=disk.size,
        blocks=disk.blocks,
        tags=image_tags(scene, wish, version),
        sha256=wish.sha256,
        snapshot=pending.id if pending else None,
        parent=parent,
    )
    reason = "upload was interrupted" if pending else missing_reason(scene, stock, need)
    return image_change(scene, stock, need, Action.STAGE, reason, work)


def register(
    scene: Scene, stock: Stock, need: Need, *, snapshot: str | None = None, upload: Upload | None = None
) -> Change:
    """Register an image of content that is on the service, or that another change brings there."""
    wish, version = need.wish, need.content.version
    work = RegisterWork(
        version=version,
        tags=image_tags(scene, wish, version),
        snapshot=snapshot,
        staged_by=upload.change if upload else None,
    )
    reason = f"same content as {upload.address}" if upload else present_reason(scene, stock, need)
    change = image_change(scene, stock, need, Action.REGISTER, reason, work)
    return replace(change, depends_on=(*change.depends_on, upload.change)) if upload else change


def image_change(
    scene: Scene, stock: Stock, need: Need, action: Action, reason: str, work: StageWork | RegisterWork
) -> Change:
    """A change that registers one image."""
    address = need.wish.address
    return Change(
        id=f"{action} {address}",
        address=address,
        kind=Kind.IMAGE,
        action=action,
        count=1,
        reason=reason,
        work=work,
        fields=content_fields(scene, stock, need),
        depends_on=tuple(unstage_id(address, image.id) for image in need.failed),
    )


def image_tags(scene: Scene, wish: ImageWish, version: Version) -> dict[str, str]:
    """The tags of an image and its snapshot, without the plan's id."""
    marks = Marks(
        stack=scene.wishes.stack,
        service=wish.address.service,
        name=wish.address.name,
        digest=version.digest,
        version=str(version),
        source_sha256=wish.sha256,
        protect=wish.protect,
    )
    return marks.to_tags(wish.tags)


def missing_reason(scene: Scene, stock: Stock, need: Need) -> str:
    """Why a disk is uploaded."""
    address = need.wish.address
    others = other_versions(stock, need)
    if need.failed:
        return "registration failed"
    if lost := lost_image(scene, address, str(need.content.version)):
        return f"{lost} is gone"
    if not others:
        return "not staged"
    version = need.content.version
    same = [image for image in others if image.marks and image.marks.digest == version.digest]
    if not same:
        return "content changed"
    is_bundle = version.registration.method is Method.BUNDLE or any(image.manifest for image in same)
    return "its bundle was made with other settings" if is_bundle else "volume is smaller than the snapshot"


def present_reason(scene: Scene, stock: Stock, need: Need) -> str:
    """Why an image is registered of content that is on the service already."""
    if need.failed:
        return "registration failed"
    if lost := lost_image(scene, need.wish.address, str(need.content.version)):
        return f"{lost} is gone"
    digest = need.content.version.digest
    same = any(image.marks and image.marks.digest == digest for image in other_versions(stock, need))
    return "same content, other settings" if same else "content is already on the service"


def other_versions(stock: Stock, need: Need) -> tuple[Image, ...]:
    """The images of this address that are not of the wanted version."""
    owned = stock.owned_images.get(need.wish.address, ())
    return tuple(image for image in owned if image not in need.failed)


def lost_image(scene: Scene, address: Address, label: str) -> str | None:
    """The id that the wanted version had by the records, where it is not on the service any more."""
    stock = scene.stocks[address.service]
    for record in scene.recorded.get(address, ()):
        lost = record.kind is ResourceKind.IMAGE and record.id not in stock.images
        if lost and record.tags.get(VERSION) == label:
            return record.id
    return None


def content_fields(scene: Scene, stock: Stock, need: Need) -> tuple[FieldChange, ...]:
    """What of an image differs from the newest version there is of it."""
    wish, version = need.wish, need.content.version
    after = {**image_fields(wish), "digest": version.digest, "size": version.registration.gib}
    others = other_versions(stock, need)
    if not others:
        return new_fields(after, IMAGE_FIELDS)
    newest = max(others, key=lambda image: (image.created, image.id))
    seen: dict[str, object] = {**after, "digest": newest.marks and newest.marks.digest}
    seen |= known({"architecture": newest.architecture, "size": newest.gib})
    seen["boot_mode"] = newest.boot_mode
    applied = scene.applied(wish.address) or {}
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

"""The changes that stage or register missing images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredImage
from extenci.model.observed import Snapshot
from extenci.model.ownership import Marks
from extenci.model.plan import Change
from extenci.model.version import Disk, Version
from extenci.model.work import RegisterWork, StageWork
from extenci.plan.images.content import missing_source
from extenci.plan.images.lookup import MissingImage, UploadKey
from extenci.plan.images.reasons import content_fields, missing_reason, present_reason
from extenci.plan.images.snapshots import PlannedUpload, find_parent, find_pending, find_source
from extenci.plan.images.source import ImageSource, ToBeStaged, Unavailable
from extenci.plan.inputs import PlanInputs
from extenci.plan.part import unstage_id
from extenci.plan.service_index import ServiceIndex


@dataclass(frozen=True)
class MadeImage:
    """A missing image: its source, and the change that makes it, None where none can."""

    source: ImageSource
    change: Change | None = None


def make_images(
    inputs: PlanInputs, index: ServiceIndex, missing: Iterable[MissingImage]
) -> dict[Address, MadeImage]:
    """Stage or register missing images. The same content is uploaded only once."""
    uploads: dict[UploadKey, PlannedUpload] = {}
    made: dict[Address, MadeImage] = {}
    for image in sorted(missing, key=upload_order):
        change = make_image(inputs, index, image, uploads)
        if isinstance(change, Unavailable):
            made[image.spec.address] = MadeImage(change)
        else:
            source = to_be_staged(change, image, uploads.get(image.upload_key))
            made[image.spec.address] = MadeImage(source, change)
    return made


def upload_order(missing: MissingImage) -> tuple[int, Address]:
    """The smallest volume first: a snapshot serves every volume that is not smaller than itself."""
    return missing.content.version.registration.gib, missing.spec.address


def make_image(
    inputs: PlanInputs, index: ServiceIndex, missing: MissingImage, uploads: dict[UploadKey, PlannedUpload]
) -> Change | Unavailable:
    """The change that stages a missing image; what it uploads is noted in `uploads`."""
    spec, content = missing.spec, missing.content
    version = content.version
    snapshot = find_source(index, version, spec.address)
    if snapshot:
        return register(inputs, index, missing, snapshot=snapshot)
    if missing.upload_key in uploads:
        return register(inputs, index, missing, upload=uploads[missing.upload_key])
    if content.disk is None:
        return Unavailable(missing_source(spec), str(version))
    pending = find_pending(index, version, spec.address)
    change = stage(inputs, index, missing, content.disk, pending)
    uploads[missing.upload_key] = PlannedUpload(change.id, spec.address, pending.id if pending else None)
    return change


def stage(
    inputs: PlanInputs, index: ServiceIndex, missing: MissingImage, disk: Disk, pending: Snapshot | None
) -> Change:
    """Upload a disk and register it, or continue an upload that was interrupted (`pending`)."""
    spec, version = missing.spec, missing.content.version
    if pending is None:
        parent = find_parent(index, version, spec.address)
    else:
        parent = pending.marks.parent if pending.marks else None
    work = StageWork(
        version=version,
        source=missing.content.source,
        size=disk.size,
        blocks=disk.blocks,
        tags=image_tags(inputs, spec, version),
        sha256=spec.sha256,
        snapshot=pending.id if pending else None,
        parent=parent,
        names_service=missing.names_service,
    )
    reason = "upload was interrupted" if pending else missing_reason(inputs, index, missing)
    return image_change(inputs, index, missing, Action.STAGE, reason, work)


def register(
    inputs: PlanInputs,
    index: ServiceIndex,
    missing: MissingImage,
    *,
    snapshot: str | None = None,
    upload: PlannedUpload | None = None,
) -> Change:
    """Register an image of content that is on the service already, or that another change uploads."""
    spec, version = missing.spec, missing.content.version
    work = RegisterWork(
        version=version,
        tags=image_tags(inputs, spec, version),
        snapshot=snapshot,
        staged_by=upload.change if upload else None,
        names_service=missing.names_service,
    )
    reason = f"same content as {upload.address}" if upload else present_reason(inputs, index, missing)
    change = image_change(inputs, index, missing, Action.REGISTER, reason, work)
    return replace(change, depends_on=(*change.depends_on, upload.change)) if upload else change


def image_change(
    inputs: PlanInputs,
    index: ServiceIndex,
    missing: MissingImage,
    action: Action,
    reason: str,
    work: StageWork | RegisterWork,
) -> Change:
    """A change that registers one image."""
    address = missing.spec.address
    return Change(
        id=f"{action} {address}",
        address=address,
        kind=Kind.IMAGE,
        action=action,
        count=1,
        reason=reason,
        work=work,
        fields=content_fields(inputs, index, missing),
        depends_on=tuple(unstage_id(address, image.id) for image in missing.failed),
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


def to_be_staged(change: Change, missing: MissingImage, upload: PlannedUpload | None) -> ToBeStaged:
    """The source that a change makes, from a snapshot that exists or from an upload of this plan."""
    version, work = missing.content.version, change.work
    found = work.snapshot if isinstance(work, RegisterWork) else None
    snapshot = found or (upload.snapshot if upload else None)
    return ToBeStaged(change.id, str(version), version.digest, snapshot)

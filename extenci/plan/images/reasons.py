"""Why an image is staged or registered, and how it differs from the version before."""

from __future__ import annotations

from extenci.model.address import Address
from extenci.model.observed import Image
from extenci.model.ownership import VERSION
from extenci.model.plan import FieldChange
from extenci.model.record import ResourceKind
from extenci.plan.differences import differences, new_fields
from extenci.plan.fields import IMAGE_FIELDS, image_fields, said
from extenci.plan.images.lookup import MissingImage
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex, newest_first


def missing_reason(inputs: PlanInputs, index: ServiceIndex, missing: MissingImage) -> str:
    """Why a disk is uploaded."""
    address = missing.spec.address
    others = other_versions(index, missing)
    if missing.failed:
        return "registration failed"
    if lost := lost_image(inputs, address, str(missing.content.version)):
        return f"{lost} is gone"
    if not others:
        return "not staged"
    version = missing.content.version
    same = [image for image in others if image.marks and image.marks.digest == version.digest]
    if not same:
        return "content changed"
    is_bundle = not version.registration.method.makes_snapshot or any(image.manifest for image in same)
    return "its bundle was made with other settings" if is_bundle else "volume is smaller than the snapshot"


def present_reason(inputs: PlanInputs, index: ServiceIndex, missing: MissingImage) -> str:
    """Why an image is registered from content that is on the service already."""
    if missing.failed:
        return "registration failed"
    if lost := lost_image(inputs, missing.spec.address, str(missing.content.version)):
        return f"{lost} is gone"
    digest = missing.content.version.digest
    same = any(image.marks and image.marks.digest == digest for image in other_versions(index, missing))
    return "same content, other settings" if same else "content is already on the service"


def other_versions(index: ServiceIndex, missing: MissingImage) -> tuple[Image, ...]:
    """The images of this address that are of other versions than the wanted one."""
    owned = index.owned_images.get(missing.spec.address, ())
    return tuple(image for image in owned if image not in missing.failed)


def lost_image(inputs: PlanInputs, address: Address, label: str) -> str | None:
    """The id of the recorded image of the wanted version, if the service no longer has it."""
    index = inputs.indexes[address.service]
    for record in inputs.recorded.get(address, ()):
        lost = record.kind is ResourceKind.IMAGE and record.id not in index.images
        if lost and record.tags.get(VERSION) == label:
            return record.id
    return None


def content_fields(inputs: PlanInputs, index: ServiceIndex, missing: MissingImage) -> tuple[FieldChange, ...]:
    """The fields in which an image differs from the newest version on the service."""
    spec, version = missing.spec, missing.content.version
    after = {**image_fields(spec), "digest": version.digest, "size": version.registration.gib}
    others = other_versions(index, missing)
    if not others:
        return new_fields(after, IMAGE_FIELDS)
    newest = newest_first(others)[0]
    seen: dict[str, object] = {**after, "digest": newest.marks and newest.marks.digest}
    seen |= said({"architecture": newest.architecture, "size": newest.gib})
    seen["boot_mode"] = newest.boot_mode
    applied = inputs.applied(spec.address) or {}
    seen |= {name: applied[name] for name in ("method", "boot_mode") if name in applied}
    return differences(seen, after, IMAGE_FIELDS)

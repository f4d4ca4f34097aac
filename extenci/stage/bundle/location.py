"""Where in S3 bundles lie, and how they are removed from there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from extenci.image.bundle.manifest import BundlePart, manifest_name
from extenci.model.address import Role
from extenci.model.errors import AccessRefused
from extenci.model.observed import Image
from extenci.model.ownership import read_marks
from extenci.model.record import DELETE_BUNDLE, Intent
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.s3_import.location import FOLDER, folder_of

NO_RIGHTS = frozenset(("AccessDenied", "Forbidden", "NotAuthorized", "403"))
"""How services of S3 say that good credentials may not do this (S3 API reference, "Error responses")."""


@dataclass(frozen=True)
class BundlePlace:
    """Where a bundle lies: its bucket, and what the keys of its objects begin with."""

    bucket: str
    prefix: str

    @property
    def name(self) -> str:
        """The bundle's name, which is that of the disk in it, too."""
        return self.prefix.rpartition("/")[2]

    @property
    def location(self) -> str:
        """The place of its manifest, as RegisterImage wants it."""
        return f"{self.bucket}/{manifest_name(self.prefix)}"

    def key_of(self, part: BundlePart) -> str:
        """The key of a part."""
        return f"{self.prefix.removesuffix(self.name)}{part.name}"

    def has(self, key: str) -> bool:
        """Whether a key is one of the bundle's."""
        rest = key.removeprefix(self.prefix)
        return rest != key and re.fullmatch(r"\.(?:part\.[0-9]{2,}|manifest\.xml)", rest) is not None


def place_of(job: StageRequest, bucket: str) -> BundlePlace:
    """Where in a bucket an attempt puts its bundle."""
    attempt = hashlib.sha256(job.token.encode()).hexdigest()[:8]
    marks = read_marks(job.tags)
    folder = f"{FOLDER}/" if marks is None else folder_of(marks.stack, marks.service)
    role = "" if marks is None or marks.role is Role.POOL else f"{marks.role}/"
    return BundlePlace(bucket, f"{folder}{role}{job.name}.{attempt}")


def place_of_image(image: Image, bucket: str) -> BundlePlace | None:
    """Where the bundle of an image lies, None where extenci has not put it there."""
    if image.manifest is None:
        return None
    place = BundlePlace(bucket, image.manifest.removeprefix(f"{bucket}/").removesuffix(manifest_name("")))
    ours = place.prefix.startswith(f"{FOLDER}/") and place.name.startswith(f"{image.name}.")
    return place if ours and place.location == image.manifest else None


def is_registered(place: BundlePlace, images: Iterable[Image]) -> bool:
    """Whether one of some images is that of a bundle."""
    return any(image.manifest == place.location for image in images)


def delete(place: BundlePlace, context: StageContext) -> None:
    """Delete what there is of a bundle. ServiceError and its kinds: some of it stays."""
    s3 = context.clients.s3
    keys = [one.key for one in s3.list_objects(place.bucket, f"{place.prefix}.") if place.has(one.key)]
    s3.delete_objects(place.bucket, keys)


def remove(place: BundlePlace, context: StageContext) -> None:
    """The same, but that what these credentials may not delete stays, and is told: to try again would not
    help. Credentials that ran out are an error like others: with new ones, the next run deletes it."""
    try:
        delete(place, context)
    except AccessRefused as error:
        if error.code not in NO_RIGHTS:
            raise
        context.note(f"The bundle {place.prefix} stays in the bucket {place.bucket}: {error.message}")


def recover(intent: Intent, context: StageContext) -> None:
    """Look after a bundle whose run died before it was registered, or before it was gone: without an image,
    it goes. ServiceError and its kinds."""
    place = BundlePlace(str(intent.request.get("bucket", "")), str(intent.request.get("key", "")))
    if is_registered(place, context.clients.ec2.images()):
        context.calls.settle(intent.id, {"kept": place.location})
        return
    remove(place, context)
    if intent.call == DELETE_BUNDLE:
        context.calls.settle(intent.id, {"gone": place.location})
    else:
        context.calls.fail(intent.id, "no image came of it, and nothing of it is left")

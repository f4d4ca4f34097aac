"""Where in S3 bundles lie."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from extenci.image.bundle.manifest import BundlePart, manifest_name
from extenci.model.observed import Image
from extenci.model.ownership import Role, read_marks
from extenci.stage.context import StageRequest
from extenci.stage.s3_import.location import FOLDER, folder_of


@dataclass(frozen=True)
class BundleLocation:
    """Where a bundle lies: its bucket, and the prefix of its keys."""

    bucket: str
    prefix: str

    @property
    def name(self) -> str:
        """The name of the bundle, and of the disk in it."""
        return self.prefix.rpartition("/")[2]

    @property
    def manifest(self) -> str:
        """The manifest as RegisterImage names it: `BUCKET/KEY`."""
        return f"{self.bucket}/{manifest_name(self.prefix)}"

    def key_of(self, part: BundlePart) -> str:
        """The key of a part."""
        return f"{self.prefix.removesuffix(self.name)}{part.name}"

    def has(self, key: str) -> bool:
        """Whether a key belongs to the bundle."""
        rest = key.removeprefix(self.prefix)
        return rest != key and re.fullmatch(r"\.(?:part\.[0-9]{2,}|manifest\.xml)", rest) is not None


def bundle_location(request: StageRequest, bucket: str) -> BundleLocation:
    """Where in a bucket an attempt puts its bundle."""
    attempt = hashlib.sha256(request.token.encode()).hexdigest()[:8]
    marks = read_marks(request.tags)
    folder = f"{FOLDER}/" if marks is None else folder_of(marks.stack, marks.service)
    role = "" if marks is None or marks.role is Role.POOL else f"{marks.role}/"
    return BundleLocation(bucket, f"{folder}{role}{request.name}.{attempt}")


def location_of_image(image: Image, bucket: str) -> BundleLocation | None:
    """Where the bundle of an image lies; None where extenci did not upload it."""
    if image.manifest is None:
        return None
    location = BundleLocation(
        bucket, image.manifest.removeprefix(f"{bucket}/").removesuffix(manifest_name(""))
    )
    ours = location.prefix.startswith(f"{FOLDER}/") and location.name.startswith(f"{image.name}.")
    return location if ours and location.manifest == image.manifest else None


def is_registered(location: BundleLocation, images: Iterable[Image]) -> bool:
    """Whether one of the images was registered from a bundle."""
    return any(image.manifest == location.manifest for image in images)

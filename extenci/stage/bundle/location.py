"""Where in S3 bundles lie."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from extenci.image.bundle.manifest import BundlePart, manifest_name
from extenci.model.observed import Image
from extenci.model.ownership import Marks, Role, read_marks
from extenci.stage.context import StageRequest
from extenci.stage.s3_import.location import FOLDER, folder_of

SEPARATOR = "@"
"""Parts the keys of bundles in place of "/". AWS and Eucalyptus read the parts beside the manifest, and
OpenStack's ec2-api from the top of the bucket: where no folder is, both are the same place. Stacks, services
and images have no "@" in their names, but those of parts may (ec2-ami-tools, manifestv20071010.rb)."""
FOLDERS = (FOLDER + SEPARATOR, f"{FOLDER}/")
"""What the keys of bundles begin with: now, and of earlier versions."""


@dataclass(frozen=True)
class BundleLocation:
    """Where a bundle lies: its bucket, and the prefix of its keys."""

    bucket: str
    prefix: str

    @property
    def stem(self) -> str:
        """The beginning of the names of the parts."""
        return self.prefix.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The name of the bundle, and of the disk in it."""
        return self.stem.rpartition(SEPARATOR)[2]

    @property
    def image_name(self) -> str:
        """The name of the image that the bundle is for."""
        return self.name.rpartition(".")[0]

    @property
    def manifest(self) -> str:
        """The manifest as RegisterImage names it: `BUCKET/KEY`."""
        return f"{self.bucket}/{manifest_name(self.prefix)}"

    def key_of(self, part: BundlePart) -> str:
        """The key of a part."""
        return f"{self.prefix.removesuffix(self.stem)}{part.name}"

    def has(self, key: str) -> bool:
        """Whether a key belongs to the bundle."""
        rest = key.removeprefix(self.prefix)
        return rest != key and re.fullmatch(r"\.(?:part\.[0-9]{2,}|manifest\.xml)", rest) is not None


def bundle_location(request: StageRequest, bucket: str) -> BundleLocation:
    """Where in a bucket an attempt puts its bundle."""
    attempt = hashlib.sha256(request.token.encode()).hexdigest()[:8]
    marks = read_marks(request.tags)
    folder = FOLDER + SEPARATOR if marks is None else bundle_folder(marks.stack, marks.service)
    return BundleLocation(bucket, f"{folder}{_role_of(marks, SEPARATOR)}{request.name}.{attempt}")


def bundle_folder(stack: str, service: str) -> str:
    """The prefix of the keys of a stack's bundles for a service."""
    return SEPARATOR.join((FOLDER, stack, service, ""))


def _role_of(marks: Marks | None, separator: str) -> str:
    return "" if marks is None or marks.role is Role.POOL else f"{marks.role}{separator}"


def location_of_image(image: Image, bucket: str) -> BundleLocation | None:
    """Where the bundle of an image lies; None where extenci did not upload it, or nothing tells."""
    location = location_at(image.manifest, bucket) if image.manifest is not None else None
    return location if location is not None and location.name.startswith(f"{image.name}.") else None


def location_at(manifest: str, bucket: str) -> BundleLocation | None:
    """The bundle with a manifest; None where it lies elsewhere than extenci puts bundles."""
    key, end = manifest.removeprefix(f"{bucket}/"), manifest_name("")
    is_there = key != manifest and key.startswith(FOLDERS) and key.endswith(end)
    return BundleLocation(bucket, key.removesuffix(end)) if is_there else None


def possible_prefixes(image: Image) -> tuple[str, ...]:
    """The beginnings that the keys of an own image's bundle may have, where the service does not say where it
    lies. Without tags they do not tell the stack, and all bundles in the bucket come into question."""
    marks = image.marks
    if image.manifest is not None:
        return ()
    if marks is None:
        return FOLDERS
    return (
        f"{bundle_folder(marks.stack, marks.service)}{_role_of(marks, SEPARATOR)}{image.name}.",
        f"{folder_of(marks.stack, marks.service)}{_role_of(marks, '/')}{image.name}.",
    )

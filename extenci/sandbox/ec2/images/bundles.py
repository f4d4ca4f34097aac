"""Bundles in the sandbox's S3: checked by their manifests when they are registered, and opened.

AWS opens a bundle when a machine is launched; here an image is `pending` until its disk is there. Source: AWS
EC2 API reference, RegisterImage, "Error codes" (InvalidManifest).
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami

from extenci.image.bundle.keys import Secret, read_certificate, read_private_key
from extenci.image.bundle.manifest import MOST_BYTES, BundlePart, Manifest, find_signed
from extenci.image.bundle.unbundle import check_signature, open_secret, write_disk
from extenci.image.bundle.untar import broken
from extenci.model.errors import AccessRefused, DiskError
from extenci.sandbox.state.cloud import Cloud
from extenci.sandbox.state.objects import find_object, object_exists, pieces_of


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest is right. `prefix` is what the keys of its parts begin with."""

    manifest: Manifest
    secret: Secret
    bucket: str
    prefix: str

    def read_part(self, part: BundlePart) -> Iterator[bytes]:
        """The bytes of a part."""
        found = find_object(self.bucket, self.prefix + part.name)
        if found is None:
            raise broken(f"its part {part.name} is gone")
        return pieces_of(found, 0, found.size)


def find_bundle(cloud: Cloud, location: str) -> Bundle:
    """The bundle whose manifest lies at `BUCKET/KEY`. Raises InvalidManifest where anything is wrong."""
    bucket, _, key = location.lstrip("/").partition("/")
    found = find_object(bucket, key)
    if found is None:
        raise _invalid(f"HTTP 404 (Not Found) response for URL of manifest {location}")
    if found.size > MOST_BYTES:
        raise _invalid("The manifest is too long")
    prefix = key[: key.rfind("/") + 1]
    manifest, secret = _opened(cloud, b"".join(pieces_of(found, 0, found.size)))
    for part in manifest.parts:
        if not object_exists(bucket, prefix + part.name):
            raise _invalid(f"HTTP 404 (Not Found) response for URL of part {bucket}/{prefix}{part.name}")
    return Bundle(manifest, secret, bucket, prefix)


def open_bundle(cloud: Cloud, image: Ami, bundle: Bundle) -> None:
    """Begin to make the disk of an image."""
    image.state = "pending"
    threading.Thread(target=_carry_out, args=(cloud, image, bundle), daemon=True).start()


def disk_of(cloud: Cloud, image_id: str) -> Path | None:
    """The disk of an image in S3, to be copied; None where it has none (yet)."""
    path = _disk(cloud, image_id)
    return path if path.exists() else None


def drop_disk(cloud: Cloud, image_id: str) -> None:
    """Forget the disk of an image that is gone. Machines that run from it have theirs."""
    _disk(cloud, image_id).unlink(missing_ok=True)


def _disk(cloud: Cloud, image_id: str) -> Path:
    return cloud.disks / f"{image_id}.raw"


def _opened(cloud: Cloud, text: bytes) -> tuple[Manifest, Secret]:
    """The sandbox checks and opens what its own user has signed, for itself."""
    try:
        signed = find_signed(text)
        check_signature(signed, read_certificate(str(cloud.user_certificate)))
        manifest = signed.read()
        return manifest, open_secret(manifest.for_cloud, read_private_key(str(cloud.key)))
    except (AccessRefused, DiskError) as error:
        raise _invalid(error.message) from None


def _carry_out(cloud: Cloud, image: Ami, bundle: Bundle) -> None:
    """Runs in a thread of its own, without the lock."""
    unfinished = cloud.disks / f"{image.id}.new"
    state = "failed"
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_disk(bundle.manifest, bundle.secret, bundle.read_part, descriptor)
        finally:
            os.close(descriptor)
        state = "available"
    except Exception:  # noqa: BLE001  # whoever waits must be told, whatever it was
        traceback.print_exc(file=sys.stderr)
    with cloud.lock:
        if state == "available" and image.id in cloud.backend.amis:
            unfinished.rename(_disk(cloud, image.id))
        unfinished.unlink(missing_ok=True)
        image.state = state


def _invalid(problem: str) -> EC2ClientError:
    return EC2ClientError("InvalidManifest", problem)

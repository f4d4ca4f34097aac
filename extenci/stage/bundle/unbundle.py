"""A bundle, in files or in S3, into the disk that it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from extenci.cloud.download.background import in_background
from extenci.image.bundle.manifest import MOST_BYTES, BundlePart, Manifest
from extenci.image.bundle.unbundle import ReadPart, local_parts, read_local_manifest, unbundle
from extenci.model.errors import DiskError, NotFound, UsageError

if TYPE_CHECKING:
    from extenci.cloud.aws.s3 import S3

SCHEME = "s3://"


@dataclass(frozen=True)
class UnbundleRequest:
    """A bundle to open: its manifest (a path, or `s3://BUCKET/KEY`), the disk to make, and the paths of the
    certificate and the private key of whoever made the bundle."""

    manifest: str
    output: Path
    certificate: str
    private_key: str


def open_bundle(
    request: UnbundleRequest,
    s3: S3 | None = None,
    *,
    stop: Event | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Make the disk of a bundle; its manifest. The parts lie beside the manifest.

    DiskError, AccessRefused, ServiceError and their kinds; Interrupted: there is no file then. UsageError
    where the manifest is in S3 and no S3 is given.
    """
    stop = stop or Event()
    text, read_part = _source(request.manifest, s3, stop)
    return unbundle(
        text,
        read_part,
        request.output,
        certificate=request.certificate,
        private_key=request.private_key,
        stop=stop,
        on_progress=on_progress,
    )


def _source(manifest: str, s3: S3 | None, stop: Event) -> tuple[bytes, ReadPart]:
    if not manifest.startswith(SCHEME):
        path = Path(manifest)
        return read_local_manifest(path), local_parts(path.parent)
    bucket, _, key = manifest.removeprefix(SCHEME).partition("/")
    if not bucket or not key or s3 is None:
        raise UsageError(
            f"{manifest} cannot be opened without a service and a key.",
            "Name the service whose S3 it lies in, and the manifest as s3://BUCKET/KEY.",
        )
    return _manifest_in(s3, bucket, key, stop), _parts_in(s3, bucket, key[: key.rfind("/") + 1], stop)


def _manifest_in(s3: S3, bucket: str, key: str, stop: Event) -> bytes:
    text = bytearray()
    for piece in in_background(lambda: s3.get_object(bucket, key), stop, "Unbundling"):
        text += piece
        if len(text) > MOST_BYTES:
            raise DiskError(f"{SCHEME}{bucket}/{key} is too long for a manifest.")
    return bytes(text)


def _parts_in(s3: S3, bucket: str, folder: str, stop: Event) -> ReadPart:
    def read_part(part: BundlePart) -> Iterator[bytes]:
        try:
            yield from in_background(lambda: s3.get_object(bucket, folder + part.name), stop, "Unbundling")
        except NotFound as error:
            raise DiskError(
                f"The bundle's part {SCHEME}{bucket}/{folder}{part.name} is not there.",
                "Fetch the whole bundle again.",
            ) from error

    return read_part

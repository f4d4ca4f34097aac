"""Where in S3 a disk lies while it is imported, and that nothing is left there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from extenci.model.address import Role
from extenci.model.errors import AccessRefused
from extenci.model.ownership import read_marks
from extenci.model.s3 import PartUpload
from extenci.stage.context import StageContext, StageRequest

FOLDER = "extenci"
DISK = ".raw"
ZEROS = ".zeros"


@dataclass(frozen=True)
class Place:
    """Where the disk goes: a bucket and a key, and the upload under way to it."""

    bucket: str
    key: str
    upload: str = ""

    @property
    def zeros(self) -> str:
        """The key of the object that parts of zeros are copied from."""
        return f"{self.key}{ZEROS}"


def place_of(job: StageRequest, bucket: str) -> Place:
    """Where in a bucket a disk is put: always at the same place for the same stack, service and digest."""
    marks = read_marks(job.tags)
    if marks is None:
        return Place(bucket, f"{FOLDER}/{job.name}/{job.version.digest}{DISK}")
    role = "" if marks.role is Role.POOL else f"{marks.role}/"
    return Place(bucket, f"{folder_of(marks.stack, marks.service)}{role}{job.version.digest}{DISK}")


def folder_of(stack: str, service: str) -> str:
    """What the keys of a stack's disks for a service begin with."""
    return f"{FOLDER}/{stack}/{service}/"


def clear(place: Place, context: StageContext) -> None:
    """Delete the object of a disk that was imported, and what else was made for it. What these credentials
    may not delete stays, and is told."""
    s3 = context.clients.s3
    try:
        s3.delete_object(place.bucket, place.key)
        s3.delete_object(place.bucket, place.zeros)
    except AccessRefused as error:
        context.note(f"The object {place.key} stays in the bucket {place.bucket}: {error.message}")
    for upload in uploads_to(place, context):
        s3.abort_multipart(place.bucket, upload.key, upload.id)


def uploads_to(place: Place, context: StageContext) -> tuple[PartUpload, ...]:
    """The uploads under way to a place; none where these credentials may not list them."""
    with suppress(AccessRefused):
        found = context.clients.s3.multipart_uploads(place.bucket, place.key)
        return tuple(one for one in found if one.key in (place.key, place.zeros))
    return ()

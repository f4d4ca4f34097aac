"""Where in S3 a disk lies while it is imported, and how that place is cleared."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.cloud.journalled.intents import Operation
from extenci.model.errors import AccessRefused
from extenci.model.ownership import Role, read_marks
from extenci.model.s3 import PartUpload
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.uploads import unfinished_uploads

FOLDER = "extenci"
DISK = ".raw"
ZEROS = ".zeros"


@dataclass(frozen=True)
class ImportLocation:
    """Where the disk goes: a bucket and a key, and the upload under way to it."""

    bucket: str
    key: str
    upload: str = ""

    @property
    def zeros(self) -> str:
        """The key of the object that parts of zeros are copied from."""
        return f"{self.key}{ZEROS}"


def import_location(request: StageRequest, bucket: str) -> ImportLocation:
    """Where in a bucket a disk goes: always to the same key for the same stack, service and digest."""
    marks = read_marks(request.tags)
    if marks is None:
        return ImportLocation(bucket, f"{FOLDER}/{request.name}/{request.version.digest}{DISK}")
    role = "" if marks.role is Role.POOL else f"{marks.role}/"
    return ImportLocation(
        bucket, f"{folder_of(marks.stack, marks.service)}{role}{request.version.digest}{DISK}"
    )


def folder_of(stack: str, service: str) -> str:
    """The prefix of the keys of a stack's disks for a service."""
    return f"{FOLDER}/{stack}/{service}/"


def clear(location: ImportLocation, context: StageContext, *, within: Operation | None = None) -> None:
    """Delete the object of an imported disk, the zeros stored for it, and unfinished uploads. Objects that
    these credentials may not delete stay, with a note to the user."""
    s3 = context.changes.s3
    try:
        s3.delete_objects(location.bucket, (location.key, location.zeros), within=within)
    except AccessRefused as error:
        context.note(f"The object {location.key} stays in the bucket {location.bucket}: {error.message}")
    for upload in uploads_to(location, context):  # each in the journal, which may be all that knows it
        s3.abort_multipart(location.bucket, upload.key, upload.id)


def uploads_to(location: ImportLocation, context: StageContext) -> tuple[PartUpload, ...]:
    """The unfinished uploads to a location; see `unfinished_uploads`."""
    found = unfinished_uploads(location.bucket, location.key, context.clients, context.history)
    return tuple(one for one in found if one.key in (location.key, location.zeros))

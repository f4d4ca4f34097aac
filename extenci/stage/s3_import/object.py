"""The object that a disk is imported from: uploaded in parts, or found as an earlier run left it."""

from __future__ import annotations

from extenci.cloud.aws.s3 import NO_UPLOAD
from extenci.image.block_list import BlockList
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.abilities import Ability
from extenci.model.errors import DiskError, Interrupted, NotFound, ServiceError
from extenci.model.s3 import PartUpload, StoredObject
from extenci.stage.context import KEPT, StageContext, StageRequest
from extenci.stage.planned_blocks import check_fits, listed
from extenci.stage.s3_import.location import ImportLocation, clear, uploads_to
from extenci.stage.s3_import.part_plan import PartPlan, plan_parts
from extenci.stage.s3_import.parts import send_parts, send_whole

DIGEST = "extenci-digest"
"""The metadata of an object that says which disk it is."""


def store_disk(location: ImportLocation, request: StageRequest, context: StageContext) -> None:
    """Put the disk into S3, or resume the upload of an interrupted run."""
    try:
        with context.open(request) as disk:
            if disk.size != request.size:
                raise other_content(request.source)
            with listed(disk, request, context) as blocks:
                check_fits(blocks, request)
                plan = plan_parts(blocks.last())
                if _is_stored(object_at(location, context), plan, request):
                    return
                upload = _upload_of(location, request, context)
                if upload is None:
                    send_whole(disk, blocks, plan, location, _metadata(request), request, context)
                else:
                    _fill(disk, blocks, plan, upload, request, context)
    except DiskError as error:
        clear_after(error, location, context)
        raise


def _fill(
    disk: RawDisk,
    blocks: BlockList,
    plan: PartPlan,
    location: ImportLocation,
    request: StageRequest,
    context: StageContext,
) -> None:
    """Send the parts that the upload does not hold, and make the object. One that is there already will do:
    another home's run has made it meanwhile, or the answer to an earlier attempt was lost."""
    try:
        etags = send_parts(disk, blocks, plan, location, request, context)
        if not _is_stored(object_at(location, context), plan, request):
            context.changes.s3.complete_multipart(location.bucket, location.key, location.upload, etags)
    except Interrupted as error:
        error.hint = KEPT
        raise
    except NotFound as error:
        if _is_stored(object_at(location, context), plan, request):
            return
        if error.code == NO_UPLOAD:
            error.hint = "Another run, or another person, ended the upload. Apply again."
        raise


def object_at(location: ImportLocation, context: StageContext) -> StoredObject | None:
    """The object at a location; None where there is none."""
    return context.clients.s3.object_info(location.bucket, location.key)


def _is_stored(found: StoredObject | None, plan: PartPlan, request: StageRequest) -> bool:
    """Whether an object is the disk, whole: only one whose digest was compared is ever completed."""
    return (
        found is not None and found.size == plan.size and found.metadata.get(DIGEST) == request.version.digest
    )


def _upload_of(
    location: ImportLocation, request: StageRequest, context: StageContext
) -> ImportLocation | None:
    """The location with its upload: the newest one that is unfinished, or a new one. None where the service
    takes no uploads in parts."""
    if context.clients.abilities.lacks(Ability.MULTIPART):
        return None
    begun = [one for one in uploads_to(location, context) if one.key == location.key]
    for one in sorted(begun, key=lambda one: (one.started, one.id), reverse=True):
        if _can_go_on(one, location, context):
            return ImportLocation(location.bucket, location.key, one.id)
    try:
        upload = context.changes.s3.start_multipart(
            location.bucket, location.key, metadata=_metadata(request), tags=request.tags
        )
    except ServiceError:
        if context.clients.abilities.lacks(Ability.MULTIPART):
            return None
        raise
    return ImportLocation(location.bucket, location.key, upload)


def _metadata(request: StageRequest) -> dict[str, str]:
    return {DIGEST: request.version.digest}


def _can_go_on(upload: PartUpload, location: ImportLocation, context: StageContext) -> bool:
    """Whether an upload is there to be gone on with. One that the service does not list, nor its parts, is
    ended: nobody could tell what it holds."""
    if context.clients.abilities.has(Ability.LIST_UPLOADS):
        return True
    try:
        if context.clients.s3.parts(location.bucket, upload.key, upload.id) is not None:
            return True
    except NotFound as error:
        if error.code != NO_UPLOAD:
            raise
    context.changes.s3.abort_multipart(location.bucket, upload.key, upload.id)
    return False


def clear_after(error: DiskError | ServiceError, location: ImportLocation, context: StageContext) -> None:
    """Clear a location after an error; where that fails, the error's hint says what is left."""
    try:
        clear(location, context)
    except ServiceError as problem:
        left = f"The object {location.key} may be left in the bucket {location.bucket}: {problem.message}"
        error.hint = f"{error.hint}\n{left}".strip()

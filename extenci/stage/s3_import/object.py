"""The object that a disk is imported from: uploaded in parts, or found as an earlier run left it."""

from __future__ import annotations

from extenci.image.block_list import BlockList
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.errors import DiskError, Interrupted, NotFound, ServiceError
from extenci.model.journal import written_down
from extenci.model.s3 import StoredObject
from extenci.stage.context import KEPT, StageContext, StageRequest
from extenci.stage.ebs.difference import check_fits, listed
from extenci.stage.s3_import.location import Place, clear, uploads_to
from extenci.stage.s3_import.part_plan import PartPlan, plan_parts
from extenci.stage.s3_import.parts import send_parts


def store_disk(place: Place, job: StageRequest, context: StageContext) -> None:
    """Put the disk into S3, going on with the upload of an interrupted run."""
    try:
        with context.open(job) as disk:
            if disk.size != job.size:
                raise other_content(job.source)
            with listed(disk, job, context) as blocks:
                check_fits(blocks, job)
                plan = plan_parts(blocks.last())
                if _is_stored(object_at(place, context), plan, job):
                    return
                _fill(disk, blocks, plan, _upload_of(place, job, context), job, context)
    except DiskError as error:
        clear_after(error, place, context)
        raise


def _fill(
    disk: RawDisk, blocks: BlockList, plan: PartPlan, place: Place, job: StageRequest, context: StageContext
) -> None:
    """Send what the upload does not hold, and make the object. Where another home's run has made it
    meanwhile, or the answer to an earlier attempt was lost, the object that is there is as good."""
    try:
        etags = send_parts(disk, blocks, plan, place, job, context)
        if not _is_stored(object_at(place, context), plan, job):
            _complete(place, etags, context)
    except Interrupted as error:
        error.hint = KEPT
        raise
    except NotFound as error:
        if _is_stored(object_at(place, context), plan, job):
            return
        if error.code == "NoSuchUpload":
            error.hint = "Another run, or somebody, ended the upload. Apply again: what was made is found."
        raise


def object_at(place: Place, context: StageContext) -> StoredObject | None:
    return context.clients.s3.object_info(place.bucket, place.key)


def _is_stored(found: StoredObject | None, plan: PartPlan, job: StageRequest) -> bool:
    """Whether an object is the disk, whole: only one whose digest was compared is ever completed."""
    return (
        found is not None
        and found.size == plan.size
        and found.metadata.get("extenci-digest") == job.version.digest
    )


def _upload_of(place: Place, job: StageRequest, context: StageContext) -> Place:
    """The newest upload to a place that was begun and not ended, or a new one."""
    s3 = context.clients.s3
    begun = [one for one in uploads_to(place, context) if one.key == place.key]
    if begun:
        newest = max(begun, key=lambda one: (one.started, one.id))
        return Place(place.bucket, place.key, newest.id)
    request = {"bucket": place.bucket, "key": place.key}
    with written_down(context.calls, "CreateMultipartUpload", request=request, tags=job.tags) as settle:
        metadata = {"extenci-digest": job.version.digest}
        upload = s3.start_multipart(place.bucket, place.key, metadata=metadata)
        settle({**request, "upload": upload})
    return Place(place.bucket, place.key, upload)


def _complete(place: Place, etags: dict[int, str], context: StageContext) -> None:
    request = {"bucket": place.bucket, "key": place.key, "upload": place.upload, "parts": len(etags)}
    with written_down(context.calls, "CompleteMultipartUpload", request=request) as settle:
        context.clients.s3.complete_multipart(place.bucket, place.key, place.upload, etags)
        settle(request)


def clear_after(error: DiskError | ServiceError, place: Place, context: StageContext) -> None:
    """The same on the way out; where that fails, the error says what is left."""
    try:
        clear(place, context)
    except ServiceError as problem:
        left = f"The object {place.key} may be left in the bucket {place.bucket}: {problem.message}"
        error.hint = f"{error.hint}\n{left}".strip()

"""The object that a disk is imported from: uploaded in parts, or found as an earlier run left it."""

from __future__ import annotations

from extenci.image.problems import other_content
from extenci.model.errors import DiskError, ServiceError, ThingNotFound
from extenci.model.journal import written_down
from extenci.model.objects import StoredObject
from extenci.stage.job import Job, Means
from extenci.stage.part_plan import PartPlan, plan_parts
from extenci.stage.parts import send_parts
from extenci.stage.places import Place, clear, uploads_to
from extenci.stage.reading import check_fits, listed


def store_disk(place: Place, job: Job, means: Means) -> None:
    """Put the disk into S3, going on with the upload of an interrupted run."""
    try:
        with means.open(job) as disk:
            if disk.size != job.size:
                raise other_content(job.source)
            with listed(disk, job, means) as blocks:
                check_fits(blocks, job)
                plan = plan_parts(blocks.last())
                if _is_stored(object_at(place, means), plan, job):
                    return
                going = _upload_of(place, job, means)
                etags = send_parts(disk, blocks, plan, going, job, means)
        _complete(going, etags, plan, job, means)
    except DiskError as error:
        clear_after(error, place, means)
        raise


def object_at(place: Place, means: Means) -> StoredObject | None:
    return means.clients.s3.object_info(place.bucket, place.key)


def _is_stored(found: StoredObject | None, plan: PartPlan, job: Job) -> bool:
    """Whether an object is the disk, whole: only one whose digest was compared is ever completed."""
    return (
        found is not None
        and found.size == plan.size
        and found.metadata.get("extenci-digest") == job.version.digest
    )


def _upload_of(place: Place, job: Job, means: Means) -> Place:
    """The newest upload to a place that was begun and not ended, or a new one."""
    s3 = means.clients.s3
    begun = [one for one in uploads_to(place, means) if one.key == place.key]
    if begun:
        newest = max(begun, key=lambda one: (one.started, one.id))
        return Place(place.bucket, place.key, newest.id)
    request = {"bucket": place.bucket, "key": place.key}
    with written_down(means.calls, "CreateMultipartUpload", request=request, tags=job.tags) as settle:
        metadata = {"extenci-digest": job.version.digest}
        upload = s3.start_multipart(place.bucket, place.key, metadata=metadata)
        settle({**request, "upload": upload})
    return Place(place.bucket, place.key, upload)


def _complete(place: Place, etags: dict[int, str], plan: PartPlan, job: Job, means: Means) -> None:
    request = {"bucket": place.bucket, "key": place.key, "upload": place.upload, "parts": len(etags)}
    try:
        with written_down(means.calls, "CompleteMultipartUpload", request=request) as settle:
            means.clients.s3.complete_multipart(place.bucket, place.key, place.upload, etags)
            settle(request)
    except ThingNotFound:
        if not _is_stored(object_at(place, means), plan, job):
            raise  # another run ended it; otherwise the answer to an earlier attempt was lost


def clear_after(error: DiskError | ServiceError, place: Place, means: Means) -> None:
    """The same on the way out; where that fails, the error says what is left."""
    try:
        clear(place, means)
    except ServiceError as problem:
        left = f"The object {place.key} may be left in the bucket {place.bucket}: {problem.message}"
        error.hint = f"{error.hint}\n{left}".strip()

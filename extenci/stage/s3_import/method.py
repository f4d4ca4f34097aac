"""The method `import`: the disk as an object in S3, a snapshot that the service makes of it, and registered.

Where the disk lies is told by its digest, so that an interrupted run's upload, object or import is found
again by its key, from any home.
"""

from __future__ import annotations

import hashlib

from extenci.model.errors import ServiceError
from extenci.model.imports import ImportState, ImportTask
from extenci.model.journal import is_sure
from extenci.model.s3 import StoredObject
from extenci.stage.context import StageContext, Staged, StageRequest
from extenci.stage.ebs.method import registered
from extenci.stage.s3_import.location import Place, clear, place_of
from extenci.stage.s3_import.object import clear_after, object_at, store_disk
from extenci.stage.s3_import.tasks import find_task, is_at, take, wait_for_task, wait_until_completed
from extenci.stage.tags import VISIBLE_SECONDS
from extenci.stage.waiting import wait_for

MISMATCH = "IdempotentParameterMismatch"


def stage(job: StageRequest, context: StageContext) -> Staged:
    """Upload a disk, have it imported and register it; see `upload` and `register`."""
    return registered(upload(job, context), job, context)


def upload(job: StageRequest, context: StageContext) -> str:
    """Make a completed, tagged snapshot of a disk; its id. Of what that took nothing is left in S3.

    What is sent is compared with what was planned: DiskChanged where it differs, DiskError where the disk
    cannot be read, and nothing is left. The same where the service refuses or fails to import it:
    ServiceError with what it said. When S3 fails or `stop` is set before, the upload stays, to go on with.
    Interrupted.
    """
    place = place_of(job, context.clients.s3.bucket)
    task = find_task(place, context)
    if task is None:
        store_disk(place, job, context)
    return _import(task, place, job, context)


def _import(task: ImportTask | None, place: Place, job: StageRequest, context: StageContext) -> str:
    """Have the object imported, or wait for the import that is under way. The call stays open in the journal
    until its snapshot is tagged and the object gone: the next run looks after both (`recover`)."""
    stored = object_at(place, context)
    token = _token(place, stored, context) if stored is not None else job.token
    request = {"bucket": place.bucket, "key": place.key}
    intent = context.calls.begin("ImportSnapshot", token=token, request=request, tags=job.tags)
    try:
        started = task or _start(place, token, job, context)
        finished = wait_for_task(started, stored.size if stored else 0, context)
        if finished.state is ImportState.FAILED or finished.snapshot is None:
            raise _failed(finished, context)
        wait_until_completed(finished.snapshot, context)
    except ServiceError as error:
        if is_over(error):
            context.calls.fail(intent, error.message)
            clear_after(error, place, context)
        raise
    take(finished.snapshot, job.tags, context)
    clear(place, context)
    context.calls.settle(intent, {"task": finished.id, "snapshot": finished.snapshot})
    return finished.snapshot


def is_over(error: ServiceError) -> bool:
    """Whether nothing will come of an import: the service refused it, or gave it up."""
    return error.call == "ImportSnapshot" and is_sure(error)


def _token(place: Place, stored: StoredObject, context: StageContext) -> str:
    """The same for the same object, so that it is imported once; another for one that was stored later, or
    whose import is over and of no more use, as where the object could not be deleted after it."""
    over = sorted(
        task.id
        for task in context.clients.imports.tasks()
        if is_at(task, place) and task.state is not ImportState.ACTIVE
    )
    text = "\n".join((f"{place.bucket}/{place.key}", stored.etag, str(stored.modified), *over))
    return hashlib.sha256(text.encode()).hexdigest()


def _start(place: Place, token: str, job: StageRequest, context: StageContext) -> ImportTask:
    tags = context.tags_at_birth(job.tags)
    try:
        return context.clients.imports.start(
            place.bucket, place.key, token, tags, description=f"extenci: {job.name}"
        )
    except ServiceError as error:
        if error.code != MISMATCH:
            raise
    what = f"the import of {place.key} that is under way was listed"
    return wait_for(lambda: find_task(place, context), context, VISIBLE_SECONDS, what)


def _failed(task: ImportTask, context: StageContext) -> ServiceError:
    service = context.clients.service.name
    said = task.message.removeprefix("ClientError: ").rstrip(".") or "it gives no reason"
    return ServiceError(
        f"The service {service} failed to import the disk ({task.id}): {said}.",
        "Nothing of it is left. Apply again once that is put right; or stage with `method: ebs`.",
        service=service,
        call="ImportSnapshot",
        code="ImportFailed",
    )

"""The method `import`: the disk as an object in S3, a snapshot that the service makes of it, and registered.

Where the disk lies is told by its digest, so that an interrupted run's upload, object or import is found
again by its key, from any home.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from extenci.image.problems import other_content
from extenci.model.errors import DiskError, ServiceError, ThingNotFound
from extenci.model.imports import ImportState, ImportTask
from extenci.model.journal import is_sure, written_down
from extenci.model.objects import StoredObject
from extenci.model.observed import Snapshot, SnapshotState
from extenci.model.ownership import DIGEST, STACK
from extenci.model.records import Intent
from extenci.model.words import Tagging
from extenci.stage.ebs import discard
from extenci.stage.job import Job, Means, Staged
from extenci.stage.part_plan import PartPlan, plan_parts
from extenci.stage.parts import send_parts
from extenci.stage.places import Place, clear, place_of, uploads_to
from extenci.stage.reading import check_fits, listed
from extenci.stage.register import register
from extenci.stage.tagging import VISIBLE_SECONDS
from extenci.stage.waiting import once_visible, wait_for

IMPORT_SECONDS = 24 * 3600.0
"""How long an import may take. AWS reads some 100 MiB a second; others are slower."""
OUTAGE_SECONDS = 600.0
MISMATCH = "IdempotentParameterMismatch"


def stage(job: Job, means: Means) -> Staged:
    """Upload a disk, have it imported and register it; see `upload` and `register`."""
    snapshot = upload(job, means)
    staged = register(job.name, snapshot, job.version.registration, job.tags, means)
    if staged.snapshot != snapshot:
        discard(snapshot, means)  # another run staged the same version at the same time
    return staged


def upload(job: Job, means: Means) -> str:
    """Make a completed, tagged snapshot of a disk; its id. Of what that took nothing is left in S3.

    What is sent is compared with what was planned: DiskChanged where it differs, DiskError where the disk
    cannot be read, and nothing is left. The same where the service refuses or fails to import it:
    ServiceError with what it said. When S3 fails or `stop` is set before, the upload stays, to go on with.
    Interrupted.
    """
    place = place_of(job, means.clients.s3.bucket)
    task = find_task(place, means)
    if task is None:
        _store(place, job, means)
    return _import(task, place, job, means)


def find_task(place: Place, means: Means) -> ImportTask | None:
    """The import of an earlier run, which is under way or has made a snapshot that nobody has taken."""
    for task in means.clients.imports.tasks():
        if not is_at(task, place):
            continue
        if task.state is ImportState.ACTIVE:
            return task
        if task.state is ImportState.COMPLETED and is_untaken(task, means):
            return task
    return None


def is_at(task: ImportTask, place: Place) -> bool:
    """Whether an import is of the object at a place."""
    return (task.bucket, task.key) == (place.bucket, place.key)


def is_untaken(task: ImportTask, means: Means) -> bool:
    """Whether the snapshot of an import is there and carries no marks: its run died before it was tagged."""
    found = _snapshot(task.snapshot, means)
    return found is not None and DIGEST not in found.tags


# The object.


def _store(place: Place, job: Job, means: Means) -> None:
    """Put the disk into S3, going on with the upload of an interrupted run."""
    try:
        with means.open(job) as disk:
            if disk.size != job.size:
                raise other_content(job.source)
            with listed(disk, job, means) as blocks:
                check_fits(blocks, job)
                plan = plan_parts(blocks.last())
                if _is_stored(_object(place, means), plan, job):
                    return
                going = _upload_of(place, job, means)
                etags = send_parts(disk, blocks, plan, going, job, means)
        _complete(going, etags, plan, job, means)
    except DiskError as error:
        _clear_after(error, place, means)
        raise


def _object(place: Place, means: Means) -> StoredObject | None:
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
        if not _is_stored(_object(place, means), plan, job):
            raise  # another run ended it; otherwise the answer to an earlier attempt was lost


# The import.


def _import(task: ImportTask | None, place: Place, job: Job, means: Means) -> str:
    """Have the object imported, or wait for the import that is under way. The call stays open in the journal
    until its snapshot is tagged and the object gone: the next run looks after both (`recover`)."""
    stored = _object(place, means)
    token = _token(place, stored) if stored is not None else job.token
    request = {"bucket": place.bucket, "key": place.key}
    intent = means.calls.begin("ImportSnapshot", token=token, request=request, tags=job.tags)
    try:
        started = task or _start(place, token, job, means)
        finished = _wait(started, stored.size if stored else 0, means)
        if finished.state is ImportState.FAILED or finished.snapshot is None:
            raise _failed(finished, means)
        _wait_until_completed(finished.snapshot, means)
    except ServiceError as error:
        if is_over(error):
            means.calls.fail(intent, error.message)
            _clear_after(error, place, means)
        raise
    take(finished.snapshot, job.tags, means)
    clear(place, means)
    means.calls.settle(intent, {"task": finished.id, "snapshot": finished.snapshot})
    return finished.snapshot


def is_over(error: ServiceError) -> bool:
    """Whether nothing will come of an import: the service refused it, or gave it up."""
    return error.call == "ImportSnapshot" and is_sure(error)


def _token(place: Place, stored: StoredObject) -> str:
    """The same for the same object, so that it is imported once; another for one that was stored later."""
    text = f"{place.bucket}/{place.key}\n{stored.etag}\n{stored.modified}"
    return hashlib.sha256(text.encode()).hexdigest()


def _start(place: Place, token: str, job: Job, means: Means) -> ImportTask:
    tags = means.tags_at_birth(job.tags)
    try:
        return means.clients.imports.start(
            place.bucket, place.key, token, tags, description=f"extenci: {job.name}"
        )
    except ServiceError as error:
        if error.code != MISMATCH:
            raise
    what = f"the import of {place.key} that is under way was listed"
    return wait_for(lambda: find_task(place, means), means, VISIBLE_SECONDS, what)


def _wait(task: ImportTask, size: int, means: Means) -> ImportTask:
    """Wait until an import is over, well or not. All are listed: the id of one that does not show yet is
    refused."""

    def look() -> ImportTask | None:
        for found in means.clients.imports.tasks():
            if found.id == task.id:
                means.on_progress(size + size * found.progress // 100, 2 * size)
                return None if found.state is ImportState.ACTIVE else found
        return None

    what = f"the import {task.id} was over"
    return wait_for(look, means, IMPORT_SECONDS, what, outage_seconds=OUTAGE_SECONDS)


def _failed(task: ImportTask, means: Means) -> ServiceError:
    service = means.clients.service.name
    said = task.message.removeprefix("ClientError: ").rstrip(".") or "it gives no reason"
    return ServiceError(
        f"The service {service} failed to import the disk ({task.id}): {said}.",
        "Nothing of it is left. Apply again once that is put right; or stage with `method: ebs`.",
        service=service,
        call="ImportSnapshot",
        code="ImportFailed",
    )


def _wait_until_completed(snapshot: str, means: Means) -> None:
    def look() -> bool | None:
        found = _snapshot(snapshot, means)
        if found is not None and found.state is SnapshotState.ERROR:
            raise ServiceError(
                f"The service {means.clients.service.name} failed to make the snapshot {snapshot}.",
                "Apply again: the disk is sent anew.",
                service=means.clients.service.name,
                call="ImportSnapshot",
                code="ImportFailed",
            )
        return True if found is not None and found.state is SnapshotState.COMPLETED else None

    wait_for(look, means, 3600.0, f"the snapshot {snapshot} was complete", outage_seconds=OUTAGE_SECONDS)


def _snapshot(snapshot: str | None, means: Means) -> Snapshot | None:
    found = means.clients.ec2.snapshots_by_id([snapshot]) if snapshot else ()
    return found[0] if found else None


# Afterwards.


def take(snapshot: str, tags: Mapping[str, str], means: Means) -> None:
    """Put the tags on the snapshot of an import, which the call itself cannot do."""
    if means.tagging is Tagging.NONE or not tags:
        return
    ec2 = means.clients.ec2
    once_visible(
        lambda: ec2.create_tags([snapshot], tags), means, VISIBLE_SECONDS, f"{snapshot} could be tagged"
    )


def _clear_after(error: DiskError | ServiceError, place: Place, means: Means) -> None:
    """The same on the way out; where that fails, the error says what is left."""
    try:
        clear(place, means)
    except ServiceError as problem:
        left = f"The object {place.key} may be left in the bucket {place.bucket}: {problem.message}"
        error.hint = f"{error.hint}\n{left}".strip()


# The next run.


def recover(intent: Intent, means: Means) -> None:
    """Look after an import whose run died before it had tagged the snapshot and deleted the object. While it
    is under way, the call stays open: whoever stages the disk waits for it.

    ServiceError and its kinds.
    """
    place = Place(str(intent.request.get("bucket", "")), str(intent.request.get("key", "")))
    tasks = [task for task in means.clients.imports.tasks() if is_at(task, place)]
    if any(task.state is ImportState.ACTIVE for task in tasks):
        return
    made = next((task for task in tasks if _snapshot(task.snapshot, means) is not None), None)
    if made is None or made.snapshot is None:
        means.calls.fail(intent.id, "nothing came of it")
        return
    if is_untaken(made, means):
        take(made.snapshot, intent.tags, means)
    clear(place, means)
    means.calls.settle(intent.id, {"task": made.id, "snapshot": made.snapshot})


def take_by_tags(stack: str, means: Means) -> None:
    """Put on the snapshots of a stack's imports the tags that their tasks carry, where nobody has done so:
    then whose they are is seen like that of any other. The same tags as their run's, should it go on."""
    for task in means.clients.imports.tasks():
        mine = task.state is ImportState.COMPLETED and task.tags.get(STACK) == stack
        if mine and task.snapshot is not None and is_untaken(task, means):
            take(task.snapshot, task.tags, means)

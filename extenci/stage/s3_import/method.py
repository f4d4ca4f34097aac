"""The method `import`: the disk as an object in S3, a snapshot that the service makes of it, and registered.

The key of the object contains the disk's digest, so that any home finds an interrupted run's upload, object
or import again.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from extenci.cloud.clients import Clients
from extenci.cloud.journalled.intents import Operation
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, ServiceError
from extenci.model.journal import is_sure
from extenci.model.leftovers import Uploaded
from extenci.model.record import Intent
from extenci.model.s3 import ImportState, ImportTask, StoredObject
from extenci.model.service import Tagging
from extenci.stage.context import StageContext, StagedImage, StageRequest
from extenci.stage.method import StageMethod
from extenci.stage.register import register_snapshot
from extenci.stage.s3_import import tasks
from extenci.stage.s3_import.leftovers import find_leftovers
from extenci.stage.s3_import.location import ImportLocation, clear, folder_of, import_location
from extenci.stage.s3_import.object import clear_after, object_at, store_disk
from extenci.stage.s3_import.tasks import find_task, is_at, tag_snapshot, wait_for_task, wait_until_completed
from extenci.stage.tags import VISIBLE_SECONDS
from extenci.stage.waiting import wait_for

IMPORT = "ImportSnapshot"
MISMATCH = "IdempotentParameterMismatch"


class S3ImportMethod(StageMethod):
    """Uploads an object and has it imported. The upload, the object and the import that an interrupted run
    leaves are found by the object's key; so is the snapshot, which only a later call can tag."""

    operations = frozenset((IMPORT,))

    def stage(self, request: StageRequest, context: StageContext) -> StagedImage:
        """See `StageMethod.stage`, `upload` and `register_snapshot`."""
        return register_snapshot(upload(request, context), request, context)

    def recover(self, intent: Intent, context: StageContext) -> None:
        """See `StageMethod.recover`."""
        tasks.recover(intent, context)

    def claim(self, stack: str, context: StageContext) -> None:
        """See `StageMethod.claim`. Only imports that are tagged tell whose they are; credentials that may not
        list imports made none."""
        takes_tags = context.tagging(Ability.TAG_IMPORT_TASK) is Tagging.CREATE
        if context.clients.service.bucket is not None and takes_tags:
            with suppress(AccessRefused):
                tasks.claim(stack, context)

    def folders(self, stack: str, service: str) -> tuple[str, ...]:
        """See `StageMethod.folders`."""
        return (folder_of(stack, service),)

    def leftovers(self, stored: Uploaded, clients: Clients) -> Uploaded:
        """See `StageMethod.leftovers`."""
        return find_leftovers(stored, clients)


def upload(request: StageRequest, context: StageContext) -> str:
    """Make a completed, tagged snapshot of a disk; its id. Nothing is left in S3.

    The data sent is compared with the plan: DiskChanged where it differs, DiskError where the disk cannot be
    read. ServiceError, with the service's reason, where it refuses or fails to import the disk. Nothing is
    left after these errors either. When S3 fails or `stop` is set before, the upload stays and can be
    resumed. Interrupted.
    """
    location = import_location(request, context.clients.s3.bucket)
    task = find_task(location, context)
    require_import(context)
    if task is None:
        store_disk(location, request, context)
    return _import(task, location, request, context)


def require_import(context: StageContext) -> None:
    """ServiceError, before anything is sent, where the service cannot import."""
    service = context.clients.service
    if context.clients.abilities.lacks(Ability.IMPORT_SNAPSHOT):
        raise ServiceError(
            f"The service {service.name} cannot import snapshots (ability {Ability.IMPORT_SNAPSHOT}).",
            f"Set `stage: ebs` or `stage: bundle` in {service.file or 'its file'}.",
            service=service.name,
            call=IMPORT,
            code="NotImplemented",
        )


def _import(
    task: ImportTask | None, location: ImportLocation, request: StageRequest, context: StageContext
) -> str:
    """Import the object, or wait for the import that is under way. The operation stays open in the journal
    until the snapshot is tagged and the object gone: the next run can do both (`recover`)."""
    stored = object_at(location, context)
    token = _token(location, stored, context) if stored is not None else request.token
    shown = {"bucket": location.bucket, "key": location.key}
    operation = context.changes.begin(IMPORT, token=token, request=shown, tags=request.tags)
    try:
        started = task or _start(location, token, request, context, operation)
        finished = wait_for_task(started, stored.size if stored else 0, context)
        if finished.state is ImportState.FAILED or finished.snapshot is None:
            raise _failed(finished, context)
        wait_until_completed(finished.snapshot, context)
    except ServiceError as error:
        if is_over(error):
            operation.failed(error.message)
            clear_after(error, location, context)
        raise
    tag_snapshot(finished.snapshot, request.tags, context, within=operation)
    clear(location, context, within=operation)
    operation.done({"task": finished.id, "snapshot": finished.snapshot})
    return finished.snapshot


def is_over(error: ServiceError) -> bool:
    """Whether nothing will come of an import: the service refused it, or gave it up."""
    return error.call == IMPORT and is_sure(error)


def _token(location: ImportLocation, stored: StoredObject, context: StageContext) -> str:
    """The idempotency token of an import: one for each object, so that it is imported once. An object that
    was stored later has another, and so has one whose last import is over (it could not be deleted then)."""
    over = sorted(
        task.id
        for task in context.clients.imports.tasks()
        if is_at(task, location) and task.state is not ImportState.ACTIVE
    )
    text = "\n".join((f"{location.bucket}/{location.key}", stored.etag, str(stored.modified), *over))
    return hashlib.sha256(text.encode()).hexdigest()


def _start(
    location: ImportLocation, token: str, request: StageRequest, context: StageContext, operation: Operation
) -> ImportTask:
    try:
        return context.changes.ec2.import_snapshot(
            location.bucket,
            location.key,
            token,
            context.tags_at_creation(request.tags, Ability.TAG_IMPORT_TASK),
            description=f"extenci: {request.name}",
            within=operation,
        )
    except ServiceError as error:
        if error.code != MISMATCH:
            raise
    what = f"the import of {location.key} that is under way was listed"
    return wait_for(lambda: find_task(location, context), context, VISIBLE_SECONDS, what)


def _failed(task: ImportTask, context: StageContext) -> ServiceError:
    service = context.clients.service.name
    said = task.message.removeprefix("ClientError: ").rstrip(".") or "it gives no reason"
    return ServiceError(
        f"The service {service} failed to import the disk ({task.id}): {said}.",
        "Nothing of it is left. Correct the problem and apply again, or stage with `method: ebs`.",
        service=service,
        call=IMPORT,
        code="ImportFailed",
    )

"""Imports that are under way or were: found again by what they import, waited for, snapshots tagged."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.cloud.journalled.intents import Operation
from extenci.model.errors import ServiceError
from extenci.model.observed import SnapshotState
from extenci.model.ownership import DIGEST, STACK
from extenci.model.record import Intent
from extenci.model.s3 import ImportState, ImportTask
from extenci.model.service import Tagging
from extenci.stage.context import StageContext
from extenci.stage.s3_import.location import ImportLocation, clear
from extenci.stage.snapshots import find_snapshot
from extenci.stage.tags import tag_once_visible
from extenci.stage.waiting import wait_for

IMPORT_SECONDS = 24 * 3600.0
"""How long an import may take. AWS reads some 100 MiB a second; others are slower."""
OUTAGE_SECONDS = 600.0


def find_task(location: ImportLocation, context: StageContext) -> ImportTask | None:
    """The import of an earlier run, which is under way or has made a snapshot that nobody has taken."""
    for task in context.clients.imports.tasks():
        if not is_at(task, location):
            continue
        if task.state is ImportState.ACTIVE:
            return task
        if task.state is ImportState.COMPLETED and is_untaken(task, context):
            return task
    return None


def is_at(task: ImportTask, location: ImportLocation) -> bool:
    """Whether an import is of the object at a location."""
    return (task.bucket, task.key) == (location.bucket, location.key)


def is_untaken(task: ImportTask, context: StageContext) -> bool:
    """Whether the snapshot of an import is there and carries no marks: its run died before it was tagged."""
    found = find_snapshot(task.snapshot, context)
    return found is not None and DIGEST not in found.tags


def wait_for_task(task: ImportTask, size: int, context: StageContext) -> ImportTask:
    """Wait until an import is over, well or not. All are listed: the id of one that does not show yet is
    refused."""

    def look() -> ImportTask | None:
        for found in context.clients.imports.tasks():
            if found.id == task.id:
                context.on_progress(size + size * found.progress // 100, 2 * size)
                return None if found.state is ImportState.ACTIVE else found
        return None

    what = f"the import {task.id} was over"
    return wait_for(look, context, IMPORT_SECONDS, what, outage_seconds=OUTAGE_SECONDS)


def wait_until_completed(snapshot: str, context: StageContext) -> None:
    def look() -> bool | None:
        found = find_snapshot(snapshot, context)
        if found is not None and found.state is SnapshotState.ERROR:
            raise ServiceError(
                f"The service {context.clients.service.name} failed to make the snapshot {snapshot}.",
                "Apply again: the disk is sent anew.",
                service=context.clients.service.name,
                call="ImportSnapshot",
                code="ImportFailed",
            )
        return True if found is not None and found.state is SnapshotState.COMPLETED else None

    wait_for(look, context, 3600.0, f"the snapshot {snapshot} was complete", outage_seconds=OUTAGE_SECONDS)


def take(
    snapshot: str, tags: Mapping[str, str], context: StageContext, *, within: Operation | None = None
) -> None:
    """Put the tags on the snapshot of an import, which the call itself cannot do."""
    if context.tagging is not Tagging.NONE and tags:
        tag_once_visible(snapshot, tags, context, within=within)


def recover(intent: Intent, context: StageContext) -> None:
    """Look after an import whose run died before it had tagged the snapshot and deleted the object. While it
    is under way, the operation stays open: whoever stages the disk waits for it.

    ServiceError and its kinds.
    """
    location = ImportLocation(str(intent.request.get("bucket", "")), str(intent.request.get("key", "")))
    operation = context.changes.resume(intent)
    tasks = [task for task in context.clients.imports.tasks() if is_at(task, location)]
    if any(task.state is ImportState.ACTIVE for task in tasks):
        return
    made = next((task for task in tasks if find_snapshot(task.snapshot, context) is not None), None)
    if made is None or made.snapshot is None:
        operation.failed("nothing came of it")
        return
    if is_untaken(made, context):
        take(made.snapshot, intent.tags, context, within=operation)
    clear(location, context, within=operation)
    operation.done({"task": made.id, "snapshot": made.snapshot})


def claim(stack: str, context: StageContext) -> None:
    """Put on the snapshots of a stack's imports the tags that their tasks carry, where no run has done so:
    then whose they are is seen like that of any other. They are the same tags that their run would put on
    them, should it go on."""
    for task in context.clients.imports.tasks():
        mine = task.state is ImportState.COMPLETED and task.tags.get(STACK) == stack
        if mine and task.snapshot is not None and is_untaken(task, context):
            take(task.snapshot, task.tags, context)

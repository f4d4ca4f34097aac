"""Imports that are under way or were: found again by what they import, waited for, snapshots tagged."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.cloud.journalled.intents import Operation
from extenci.model.abilities import Ability
from extenci.model.errors import ServiceError
from extenci.model.observed import SnapshotState
from extenci.model.ownership import DIGEST, STACK
from extenci.model.record import Intent
from extenci.model.s3 import ImportState, ImportTask
from extenci.model.service import Tagging
from extenci.stage.context import StageContext
from extenci.stage.s3_import.location import ImportLocation, clear
from extenci.stage.snapshots import find_snapshot
from extenci.stage.tags import put_tags
from extenci.stage.waiting import look_while_hidden, wait_for

IMPORT_SECONDS = 24 * 3600.0
"""How long an import may take. AWS reads some 100 MiB a second; others are slower."""
OUTAGE_SECONDS = 600.0
"""How long the service may be silent while it imports."""
COMPLETION_SECONDS = 3600.0
"""How long the snapshot of an import that is over may take to be complete."""


def find_task(location: ImportLocation, context: StageContext) -> ImportTask | None:
    """The import of an earlier run: one that is under way, or whose snapshot nobody has tagged."""
    for task in context.clients.imports.tasks():
        if not is_at(task, location):
            continue
        if task.state is ImportState.ACTIVE:
            return task
        if task.state is ImportState.COMPLETED and is_untagged(task, context):
            return task
    return None


def is_at(task: ImportTask, location: ImportLocation) -> bool:
    """Whether an import is of the object at a location."""
    return (task.bucket, task.key) == (location.bucket, location.key)


def is_untagged(task: ImportTask, context: StageContext) -> bool:
    """Whether the snapshot of an import is there and carries no marks: its run died before it was tagged."""
    found = find_snapshot(task.snapshot, context)
    return found is not None and DIGEST not in found.tags


def wait_for_task(task: ImportTask, size: int, context: StageContext) -> ImportTask:
    """Wait until an import is over, whether it succeeded or failed. All imports are listed: the service
    refuses the id of one that does not show yet."""

    def look() -> ImportTask | None:
        for found in context.clients.imports.tasks():
            if found.id == task.id:
                context.on_progress(size + size * found.progress // 100, 2 * size)
                return None if found.state is ImportState.ACTIVE else found
        return None

    what = f"the import {task.id} was over"
    return wait_for(look, context, IMPORT_SECONDS, what, outage_seconds=OUTAGE_SECONDS)


def wait_until_completed(snapshot: str, context: StageContext) -> None:
    """Wait until the snapshot of an import is complete. ServiceError where the service fails to make it."""

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

    what = f"the snapshot {snapshot} was complete"
    wait_for(look, context, COMPLETION_SECONDS, what, outage_seconds=OUTAGE_SECONDS)


def tag_snapshot(
    snapshot: str, tags: Mapping[str, str], context: StageContext, *, within: Operation | None = None
) -> None:
    """Put the tags on the snapshot of an import: ImportSnapshot itself cannot."""
    if context.clients.service.tags is not Tagging.NONE and tags:
        put_tags([snapshot], tags, context, Ability.TAG_SNAPSHOT, within=within)


def recover(intent: Intent, context: StageContext) -> None:
    """Finish an import whose run died before it had tagged the snapshot and deleted the object. While the
    import is under way, the operation stays open: whoever stages the disk waits for it.

    ServiceError and its kinds.
    """
    location = ImportLocation(str(intent.request.get("bucket", "")), str(intent.request.get("key", "")))
    operation = context.changes.resume(intent)

    def look() -> ImportTask | None:
        tasks = [task for task in context.clients.imports.tasks() if is_at(task, location)]
        active = (task for task in tasks if task.state is ImportState.ACTIVE)
        made = (task for task in tasks if find_snapshot(task.snapshot, context) is not None)
        return next(active, None) or next(made, None)

    made = look_while_hidden(look, context, intent.at)
    if made is None:
        operation.failed("nothing came of it")
        return
    if made.state is ImportState.ACTIVE or made.snapshot is None:
        return
    if is_untagged(made, context):
        tag_snapshot(made.snapshot, intent.tags, context, within=operation)
    clear(location, context, within=operation)
    operation.done({"task": made.id, "snapshot": made.snapshot})


def claim(stack: str, context: StageContext) -> None:
    """Copy the tags of a stack's import tasks to their snapshots, where no run has tagged those, so that
    their owner is seen. Their own run, should it go on, would put on the same tags."""
    for task in context.clients.imports.tasks():
        mine = task.state is ImportState.COMPLETED and task.tags.get(STACK) == stack
        if mine and task.snapshot is not None and is_untagged(task, context):
            tag_snapshot(task.snapshot, task.tags, context)

"""Looking snapshots up by their ids, and deleting those that nobody will need."""

from __future__ import annotations

from extenci.model.errors import DiskError, ServiceError
from extenci.model.observed import Snapshot, SnapshotState
from extenci.stage.context import ServiceContext, StageContext


def find_snapshot(snapshot: str | None, context: ServiceContext) -> Snapshot | None:
    """A snapshot as the service reports it; None where it knows none."""
    found = context.clients.ec2.snapshots_by_id([snapshot]) if snapshot else ()
    return found[0] if found else None


def state_of(snapshot: str, context: ServiceContext) -> SnapshotState | None:
    """The state of a snapshot; None where the service knows none."""
    found = find_snapshot(snapshot, context)
    return found.state if found else None


def discard(snapshot: str, context: StageContext) -> None:
    """Delete a snapshot that nobody will need. One that is gone already is no error."""
    context.changes.ec2.delete_snapshot(snapshot)
    context.upload_notes.drop(context.clients.service.name, snapshot)


def discard_after(error: DiskError | ServiceError, snapshot: str, context: StageContext) -> None:
    """Delete a snapshot after an error; where that fails, the error's hint says that it is left."""
    try:
        discard(snapshot, context)
    except ServiceError as problem:
        error.hint = f"{error.hint}\nThe snapshot {snapshot} is left there: {problem.message}".strip()

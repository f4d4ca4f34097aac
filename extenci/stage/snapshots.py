"""Snapshots by their ids: looked up, and deleted where nobody will need them."""

from __future__ import annotations

from extenci.model.errors import DiskError, ServiceError
from extenci.model.observed import Snapshot, SnapshotState
from extenci.stage.context import ServiceContext, StageContext


def find_snapshot(snapshot: str | None, context: ServiceContext) -> Snapshot | None:
    """What the service reports of a snapshot; None where it knows none."""
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
    """Delete the snapshot on the way out; where that fails, the error says that it is left."""
    try:
        discard(snapshot, context)
    except ServiceError as problem:
        error.hint = f"{error.hint}\nThe snapshot {snapshot} is left there: {problem.message}".strip()

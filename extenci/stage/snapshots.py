"""Snapshots by their ids: looked up, and deleted where nobody will need them."""

from __future__ import annotations

from contextlib import suppress

from extenci.model.errors import DiskError, NotFound, ServiceError
from extenci.model.journal import written_down
from extenci.model.observed import Snapshot, SnapshotState
from extenci.stage.context import StageContext


def find_snapshot(snapshot: str | None, context: StageContext) -> Snapshot | None:
    """What the service tells of a snapshot; None where it knows none."""
    found = context.clients.ec2.snapshots_by_id([snapshot]) if snapshot else ()
    return found[0] if found else None


def state_of(snapshot: str, context: StageContext) -> SnapshotState | None:
    """The state of a snapshot; None where the service knows none."""
    found = find_snapshot(snapshot, context)
    return found.state if found else None


def discard(snapshot: str, context: StageContext) -> None:
    """Delete a snapshot that nobody will need. One that is gone already is no error."""
    with written_down(context.calls, "DeleteSnapshot", request={"snapshot": snapshot}) as settle:
        with suppress(NotFound):
            context.clients.ec2.delete_snapshot(snapshot)
        settle({"snapshot": snapshot})
    context.upload_notes.drop(context.clients.service.name, snapshot)


def discard_after(error: DiskError | ServiceError, snapshot: str, context: StageContext) -> None:
    """Delete the snapshot on the way out; where that fails, the error says that it is left."""
    try:
        discard(snapshot, context)
    except ServiceError as problem:
        error.hint = f"{error.hint}\nThe snapshot {snapshot} is left there: {problem.message}".strip()

"""Snapshots by their ids: looked up, and deleted where nobody will need them."""

from __future__ import annotations

from contextlib import suppress

from extenci.model.errors import DiskError, ServiceError, ThingNotFound
from extenci.model.journal import written_down
from extenci.model.observed import Snapshot, SnapshotState
from extenci.stage.context import Means


def find_snapshot(snapshot: str | None, means: Means) -> Snapshot | None:
    """What the service tells of a snapshot; None where it knows none."""
    found = means.clients.ec2.snapshots_by_id([snapshot]) if snapshot else ()
    return found[0] if found else None


def state_of(snapshot: str, means: Means) -> SnapshotState | None:
    """The state of a snapshot; None where the service knows none."""
    found = find_snapshot(snapshot, means)
    return found.state if found else None


def discard(snapshot: str, means: Means) -> None:
    """Delete a snapshot that nobody will need. One that is gone already is no error."""
    with written_down(means.calls, "DeleteSnapshot", request={"snapshot": snapshot}) as settle:
        with suppress(ThingNotFound):
            means.clients.ec2.delete_snapshot(snapshot)
        settle({"snapshot": snapshot})
    means.upload_notes.drop(means.clients.service.name, snapshot)


def discard_after(error: DiskError | ServiceError, snapshot: str, means: Means) -> None:
    """Delete the snapshot on the way out; where that fails, the error says that it is left."""
    try:
        discard(snapshot, means)
    except ServiceError as problem:
        error.hint = f"{error.hint}\nThe snapshot {snapshot} is left there: {problem.message}".strip()

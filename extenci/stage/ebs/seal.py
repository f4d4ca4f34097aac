"""Sealing a snapshot: the service compares its blocks with those sent, and takes no more."""

from __future__ import annotations

from extenci.model.errors import AccessRefused, LimitReached, NotFound, ServiceError
from extenci.model.journal import is_sure
from extenci.model.observed import Snapshot, SnapshotState
from extenci.model.ownership import DIGEST
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.send import ChangedBlocks
from extenci.stage.snapshots import discard_after, find_snapshot, state_of
from extenci.stage.waiting import wait_for

ABOUT_BLOCKS = frozenset(
    ("INVALID_BLOCK", "INVALID_PARAMETER_VALUE", "CONFLICTING_BLOCK_UPDATE", "WRITE_REQUEST_TIMEOUT")
)
"""Reasons of a ValidationException that are about the blocks sent, and not about the snapshot's state."""
COMPLETION_SECONDS = 3600.0
SEALING_SECONDS = 600.0
"""How long a sealed snapshot may stay `pending`: CompleteSnapshot answers at once and works on (EBS direct
API reference, 202). One that stays so for longer takes no more blocks for another reason."""


def was_sealed_earlier(
    refusal: ServiceError, snapshot: str, request: StageRequest, context: StageContext
) -> bool:
    """Whether a snapshot takes no more blocks because an earlier attempt sealed it, and the answer was lost
    or its run killed. Its content is right then: only a disk whose digest was compared is ever sealed.

    A sealed snapshot stays `pending` for a while, so this waits until it is complete, or has failed.
    """
    if not is_sure(refusal) or isinstance(refusal, AccessRefused | LimitReached | NotFound):
        return False
    if refusal.reason in ABOUT_BLOCKS:
        return False
    deadline = context.clock() + SEALING_SECONDS

    def look() -> bool | None:
        found = find_snapshot(snapshot, context)
        if found is not None and found.state is SnapshotState.PENDING and context.clock() < deadline:
            return None
        return found is not None and found.state is SnapshotState.COMPLETED and _is_of(request, found)

    return wait_for(look, context, COMPLETION_SECONDS, f"the snapshot {snapshot} was complete")


def _is_of(request: StageRequest, snapshot: Snapshot) -> bool:
    """Whether a snapshot's tags name the request's digest. Without tags, the records named it in the plan."""
    return snapshot.tags.get(DIGEST, request.version.digest) == request.version.digest


def seal(snapshot: str, blocks: ChangedBlocks, request: StageRequest, context: StageContext) -> None:
    """Seal the snapshot. One that the service refuses to seal holds blocks of another disk, from an earlier
    run: it can never be right, and is deleted."""
    try:
        context.changes.ebs.complete(snapshot, blocks.blocks, blocks.linear_sha256, token=request.token)
    except ServiceError as error:
        if state_of(snapshot, context) is SnapshotState.COMPLETED:
            return  # the answer to an earlier attempt was lost
        if was_sealed_earlier(error, snapshot, request, context):
            return
        if is_sure(error) and not isinstance(error, AccessRefused):
            discard_after(error, snapshot, context)
        raise


def wait_until_sealed(snapshot: str, context: StageContext) -> None:
    """Wait until a snapshot is complete. ServiceError where the service fails to make it."""

    def look() -> bool | None:
        match state_of(snapshot, context):
            case SnapshotState.COMPLETED:
                return True
            case SnapshotState.ERROR:
                raise ServiceError(
                    f"The service {context.clients.service.name} failed to make the snapshot {snapshot}.",
                    "Apply again: the disk is sent anew.",
                    service=context.clients.service.name,
                )
            case _:
                return None

    wait_for(look, context, COMPLETION_SECONDS, f"the snapshot {snapshot} was complete")

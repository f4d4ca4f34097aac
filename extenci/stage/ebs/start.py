"""The snapshot that a disk is put into: an interrupted run's, or a new one, at best begun from a parent."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from extenci.image.block_list import BlockList
from extenci.model.errors import AccessRefused, LimitReached, ServiceError, Throttled
from extenci.model.journal import is_sure
from extenci.model.observed import Snapshot, SnapshotState
from extenci.model.ownership import PARENT, PLAN
from extenci.model.record import Intent
from extenci.model.service import Tagging
from extenci.model.version import Parent
from extenci.stage.context import ServiceContext, StageContext, StageRequest
from extenci.stage.snapshots import discard
from extenci.stage.tags import tag_after_creation

TIMEOUT_MINUTES = 4320
"""An interrupted upload can be gone on with for three days after its last block, the most there is
(StartSnapshot, `Timeout`); then the service ends it. Part of what a token stands for: the same token with
another timeout is refused."""
CONFLICT = "ConflictException"
"""The code for a token that stands for another request already (EBS direct API reference, StartSnapshot)."""


@dataclass(frozen=True)
class Started:
    """A snapshot to fill, or one that is full already; `parent`: what it takes over blocks from."""

    snapshot: str
    parent: Parent | None
    is_full: bool = False


def find_pending(request: StageRequest, before: BlockList | None, context: StageContext) -> Started | None:
    """The snapshot of an interrupted run to go on with. One that the service gave up goes; one that took over
    blocks of which nobody here knows what they are stays, for another home's run may be at it."""
    if request.pending is None:
        return None
    for found in context.clients.ec2.snapshots_by_id([request.pending]):
        if found.state is SnapshotState.COMPLETED:
            return Started(found.id, request.parent, is_full=True)
        if found.state is SnapshotState.ERROR:
            discard(found.id, context)
        elif request.parent is None or before is not None:
            _take_over(found, request, context)
            return Started(found.id, request.parent)
    return None


def _take_over(found: Snapshot, request: StageRequest, context: StageContext) -> None:
    """Put this run's mark on a snapshot, so that nobody takes it for that of a run which is over. Where these
    credentials may not, it can still be filled."""
    plan = request.tags.get(PLAN)
    if context.tagging is Tagging.NONE or plan in (None, found.tags.get(PLAN)):
        return
    with suppress(AccessRefused):
        context.changes.ec2.create_tags([found.id], {PLAN: plan})


def repeat_start(intent: Intent, context: ServiceContext) -> str:
    """Make an unanswered StartSnapshot once more: the same token gives the same snapshot.

    For services whose snapshots are not tagged as they are created; ServiceError and its kinds.
    """
    gib, name, parent = (intent.request.get(key) for key in ("gib", "name", "parent"))
    if not isinstance(gib, int):
        raise ServiceError("The journal does not say how large the snapshot was to be.", code="Unrepeatable")
    return context.changes.ebs.start_snapshot(
        gib,
        str(name),
        intent.token,
        timeout_minutes=TIMEOUT_MINUTES,
        parent=str(parent) if parent else None,
        tags={},
        at_creation={},
        within=context.changes.resume(intent),
    )


def start(request: StageRequest, before: BlockList | None, context: StageContext) -> Started:
    """Start a snapshot, at best from its parent. Where the service will have none of that (the parent is
    gone, or it knows no parents), the whole disk is sent."""
    if request.parent is None or before is None:
        return Started(_start_from(None, request.token, request, context), None)
    try:
        return Started(_start_from(request.parent, request.token, request, context), request.parent)
    except ServiceError as error:
        if not is_sure(error) or isinstance(error, AccessRefused | LimitReached | Throttled):
            raise
    return Started(_start_from(None, _other_token(request.token), request, context), None)


def _start_from(parent: Parent | None, token: str, request: StageRequest, context: StageContext) -> str:
    """Start a snapshot. Where a run of another home used the token for something else, as with a saved plan
    that is applied there too, by a token of its own."""
    try:
        return _start_with(parent, token, request, context)
    except ServiceError as error:
        if error.code != CONFLICT:
            raise
    return _start_with(parent, uuid4().hex, request, context)


def _start_with(parent: Parent | None, token: str, request: StageRequest, context: StageContext) -> str:
    tags = {**request.tags, **({PARENT: str(parent)} if parent else {})}
    snapshot = context.changes.ebs.start_snapshot(
        request.version.registration.gib,
        request.name,
        token,
        timeout_minutes=TIMEOUT_MINUTES,
        parent=parent.snapshot if parent else None,
        tags=tags,
        at_creation=context.tags_at_creation(tags),
    )
    tag_after_creation(snapshot, tags, context)
    return snapshot


def _other_token(token: str) -> str:
    """Another token than that of a start from a parent: with other parameters, the same one is refused."""
    return hashlib.sha256(f"{token} whole".encode()).hexdigest()

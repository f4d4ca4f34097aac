"""The snapshot that a disk is uploaded to: an interrupted run's, or a new one, started from a parent where
that works."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from extenci.image.block_list import BlockList
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, LimitReached, ServiceError, Throttled
from extenci.model.journal import is_sure
from extenci.model.observed import Snapshot, SnapshotState
from extenci.model.ownership import PARENT, PLAN
from extenci.model.service import Tagging
from extenci.model.version import Parent
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.snapshots import discard, find_snapshot
from extenci.stage.tags import ensure_tags

TIMEOUT_MINUTES = 4320
"""An interrupted upload can be resumed for three days after its last block, the longest `Timeout` of
StartSnapshot; then the service ends it. The same token with another timeout is refused."""
LOOKS = 4
"""How often a snapshot is looked for, a second apart."""
CONFLICT = "ConflictException"
"""The code for a token that stands for another request already (EBS direct API reference, StartSnapshot)."""


@dataclass(frozen=True)
class UploadTarget:
    """A snapshot to upload to, or one that `is_full` already; `parent` is the snapshot it takes blocks
    from."""

    snapshot: str
    parent: Parent | None
    is_full: bool = False


def find_pending(
    request: StageRequest, before: BlockList | None, context: StageContext
) -> UploadTarget | None:
    """The snapshot of an interrupted run to go on with. One that failed is deleted; one with a parent whose
    blocks are not known here stays, since another home's run may be filling it."""
    if request.pending is None:
        return None
    for found in context.clients.ec2.snapshots_by_id([request.pending]):
        if found.state is SnapshotState.COMPLETED:
            return UploadTarget(found.id, request.parent, is_full=True)
        if found.state is SnapshotState.ERROR:
            discard(found.id, context)
        elif request.parent is None or before is not None:
            _take_over(found, request, context)
            return UploadTarget(found.id, request.parent)
    return None


def _take_over(found: Snapshot, request: StageRequest, context: StageContext) -> None:
    """Put this run's mark on a snapshot, so that nobody takes it for one of a run that is over. Where these
    credentials may not, it can still be filled."""
    plan = request.tags.get(PLAN)
    if context.clients.service.tags is Tagging.NONE or plan in (None, found.tags.get(PLAN)):
        return
    with suppress(AccessRefused):
        context.changes.ec2.create_tags([found.id], {PLAN: plan})


def start(request: StageRequest, before: BlockList | None, context: StageContext) -> UploadTarget:
    """Start a snapshot, from its parent where there is one. Where the service refuses that (the parent is
    gone, or it does not know parents), the whole disk is sent."""
    if request.parent is None or before is None:
        return UploadTarget(_start_from(None, request.token, request, context), None)
    try:
        return UploadTarget(_start_from(request.parent, request.token, request, context), request.parent)
    except ServiceError as error:
        if not is_sure(error) or isinstance(error, AccessRefused | LimitReached | Throttled):
            raise
    return UploadTarget(_start_from(None, _other_token(request.token), request, context), None)


def _start_from(parent: Parent | None, token: str, request: StageRequest, context: StageContext) -> str:
    """Start a snapshot; with a new token where another home's run used this one for another request, as when
    a saved plan is applied there too."""
    try:
        return _start_with(parent, token, request, context)
    except ServiceError as error:
        if error.code != CONFLICT:
            raise
    return _start_with(parent, uuid4().hex, request, context)


def _start_with(parent: Parent | None, token: str, request: StageRequest, context: StageContext) -> str:
    tags = {**request.tags, **({PARENT: str(parent)} if parent else {})}
    at_creation = context.tags_at_creation(tags, Ability.TAG_SNAPSHOT)

    def start_new(token: str) -> str:
        return context.changes.ebs.start_snapshot(
            request.version.registration.gib,
            request.name,
            token,
            timeout_minutes=TIMEOUT_MINUTES,
            parent=parent.snapshot if parent else None,
            tags=tags,
            at_creation=at_creation,
        )

    snapshot = start_new(token)
    if request.may_be_spent and not _shows(snapshot, context):
        discard(snapshot, context)
        snapshot = start_new(uuid4().hex)
    ensure_tags(Ability.TAG_SNAPSHOT, [snapshot], tags, context, at_creation=at_creation)
    return snapshot


def _shows(snapshot: str, context: StageContext) -> bool:
    """Whether a snapshot that was started now is there. A token that another home's run used gives its
    snapshot, which may be deleted by now; uploading to it would be tried for minutes."""
    for _ in range(LOOKS):
        if find_snapshot(snapshot, context) is not None:
            return True
        context.pause(1.0)
    return False


def _other_token(token: str) -> str:
    """The token of a start without a parent: with other parameters, the same one is refused."""
    return hashlib.sha256(f"{token} whole".encode()).hexdigest()

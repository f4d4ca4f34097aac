"""StartSnapshot calls of runs that died: the snapshot of each is found, or known to be lost."""

from __future__ import annotations

from extenci.cloud.journalled.intents import Operation
from extenci.model.abilities import Ability
from extenci.model.errors import ServiceError
from extenci.model.journal import is_sure
from extenci.model.record import Intent
from extenci.stage.context import StageContext
from extenci.stage.ebs.start import TIMEOUT_MINUTES


def recover(intent: Intent, context: StageContext) -> None:
    """Find the snapshot of an unanswered StartSnapshot, for the next plan to use or remove, by repeating the
    call: the same token gives the same snapshot (EBS direct APIs, "Idempotency"), whether lists show it yet
    or not.

    A call whose snapshot would have timed out by now is closed: to repeat it could only make another.
    ServiceError and its kinds.
    """
    operation = context.changes.resume(intent)
    if context.now() - intent.at >= TIMEOUT_MINUTES * 60:
        operation.failed("its outcome is unknown, and what it may have made has timed out")
        return
    try:
        snapshot = repeat_start(intent, operation, context)
    except ServiceError as error:
        if not is_sure(error):
            raise
        operation.failed(error.message)
        return
    operation.done({"snapshot": snapshot})


def repeat_start(intent: Intent, operation: Operation, context: StageContext) -> str:
    """Make a StartSnapshot once more; the snapshot's id. ServiceError and its kinds."""
    gib, name, parent = (intent.request.get(key) for key in ("gib", "name", "parent"))
    if not isinstance(gib, int):
        raise ServiceError("The journal does not say how large the snapshot was to be.", code="Unrepeatable")
    return context.changes.ebs.start_snapshot(
        gib,
        str(name),
        intent.token,
        timeout_minutes=TIMEOUT_MINUTES,
        parent=str(parent) if parent else None,
        tags=intent.tags,
        at_creation=context.tags_at_creation(intent.tags, Ability.TAG_SNAPSHOT),
        within=operation,
    )

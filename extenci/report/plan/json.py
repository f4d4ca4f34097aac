"""A plan as a JSON document, `format_version` 1. It is for programs: names and order are stable."""

from __future__ import annotations

import json
from collections.abc import Mapping

from extenci.model.observed import Unread
from extenci.model.plan import Blocked, Change, Drift, FieldChange, Plan
from extenci.model.version import BLOCK_BYTES
from extenci.model.work import StageWork
from extenci.report.plan.phrases import data_bytes
from extenci.report.plan.view import PlanView
from extenci.report.text.field_values import jsonable

PLAN_JSON_VERSION = 1


def plan_json(view: PlanView) -> str:
    """The plan as `extenci plan --format json` prints it."""
    return render_json(plan_document(view.plan, view.submits))


def plan_document(plan: Plan, submits: Mapping[str, str] | None = None) -> dict[str, object]:
    """The plan as JSON values, in plan order. `submits` are the submit descriptions of its changes, by their
    ids; None if they were not asked for. `unread` stands there only where a service could not be read, and
    `awaited` where machines are being launched already."""
    return {
        "format_version": PLAN_JSON_VERSION,
        "stack": plan.stack,
        "services": list(plan.services),
        "destroy": plan.destroy,
        "changes": [change_document(change) for change in plan.changes],
        "drift": [drift_document(drift) for drift in plan.drift],
        "blocked": [blocked_document(blocked) for blocked in plan.blocked],
        "warnings": list(plan.warnings),
        "refusals": list(plan.refusals),
        "summary": dict(sorted(plan.summary.items())),
        **({"awaited": [change_document(one) for one in plan.awaited]} if plan.awaited else {}),
        **({"unread": [unread_document(one) for one in plan.unread]} if plan.unread else {}),
        **({"submit_descriptions": dict(submits)} if submits is not None else {}),
    }


def unread_document(unread: Unread) -> dict[str, object]:
    """One service that could not be read."""
    return {"service": unread.service, "message": unread.message, "hint": unread.hint}


def change_document(change: Change) -> dict[str, object]:
    """One change, without its work, which only the executor needs."""
    return {
        "id": change.id,
        "address": str(change.address),
        "kind": str(change.kind),
        "action": str(change.action),
        "count": change.count,
        "reason": change.reason,
        "fields": [field_document(field) for field in change.fields],
        "depends_on": list(change.depends_on),
        **({"upload": upload_document(change.work)} if isinstance(change.work, StageWork) else {}),
    }


def upload_document(work: StageWork) -> dict[str, object]:
    """How much a change uploads, in bytes: the disk's data, and the part of it that is left to send, null
    where that is not known."""
    left = None if work.to_send is None else work.to_send * BLOCK_BYTES
    return {"data": data_bytes(work), "to_send": left}


def field_document(field: FieldChange) -> dict[str, object]:
    """One field that differs."""
    return {"path": field.path, "before": jsonable(field.before), "after": jsonable(field.after)}


def drift_document(drift: Drift) -> dict[str, object]:
    """One difference that no spec asked for."""
    return {
        "address": str(drift.address),
        "kind": str(drift.kind),
        "path": drift.path,
        "before": jsonable(drift.before),
        "after": jsonable(drift.after),
    }


def blocked_document(blocked: Blocked) -> dict[str, object]:
    """One change that the specs ask for and the plan cannot make."""
    return {
        "address": str(blocked.address),
        "kind": str(blocked.kind),
        "action": str(blocked.action),
        "reason": blocked.reason,
    }


def render_json(document: Mapping[str, object]) -> str:
    """One document, indented, ending with a newline. It is pure ASCII, so any locale can print it, and no
    control character of a hostile tag reaches a terminal."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"

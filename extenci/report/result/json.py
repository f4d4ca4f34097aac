"""The result of an apply as a JSON document, `format_version` 1."""

from __future__ import annotations

from collections import Counter

from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Change
from extenci.report.plan.json import blocked_document, unread_document
from extenci.report.result.outcomes import outcomes_of
from extenci.report.text.field_values import jsonable

RESULT_JSON_VERSION = 1


def result_document(result: Result) -> dict[str, object]:
    """The result as JSON values. `summary` counts changes by status; `blocked` holds the changes that were
    blocked in the plan."""
    found = outcomes_of(result)
    counts = Counter(outcome.status for _, outcome in found)
    return {
        "format_version": RESULT_JSON_VERSION,
        "run": result.run,
        "stack": result.plan.stack,
        "services": list(result.plan.services),
        "ok": result.ok,
        "unrecorded": result.unrecorded,
        "seconds": round(result.seconds, 3),
        "changes": [outcome_document(change, outcome) for change, outcome in found],
        "blocked": [blocked_document(blocked) for blocked in result.plan.blocked],
        **({"unread": [unread_document(one) for one in result.plan.unread]} if result.plan.unread else {}),
        "summary": {str(status): counts[status] for status in Status},
    }


def outcome_document(change: Change, outcome: Outcome) -> dict[str, object]:
    """One change with its outcome."""
    return {
        "id": change.id,
        "address": str(change.address),
        "kind": str(change.kind),
        "action": str(change.action),
        "count": change.count,
        **outcome_fields(outcome),
    }


def outcome_fields(outcome: Outcome) -> dict[str, object]:
    """What became of a change."""
    return {
        "status": str(outcome.status),
        "message": outcome.message,
        "hint": outcome.hint,
        "made": jsonable(outcome.made.to_mapping()),
        "seconds": round(outcome.seconds, 3),
    }

"""A pass as a JSON document, `format_version` 1. It has no values of specs beside those in reasons."""

from __future__ import annotations

from extenci.model.plan import Plan
from extenci.model.reconcile import LastPass, Pass
from extenci.report.plan.json import blocked_document, unread_document
from extenci.report.reconcile.summary import FINE, summary_of
from extenci.report.result.json import result_document

PASS_JSON_VERSION = 1


def pass_document(done: Pass) -> dict[str, object]:
    """The pass as JSON values. `plan` stands there only where changes were only to be detected."""
    return {
        "format_version": PASS_JSON_VERSION,
        "at": round(done.at, 3),
        "seconds": round(done.seconds, 3),
        "root": done.root,
        "branch": done.branch,
        "commit": done.commit,
        "stack": done.stack,
        "status": str(done.status),
        "ok": done.status in FINE,
        "summary": summary_of(done),
        "results": [result_document(result) for result in done.results],
        "left": list(done.left),
        "error": done.error,
        "hint": done.hint,
        **({"plan": pending_document(done.plan)} if done.plan is not None else {}),
    }


def pending_document(plan: Plan) -> dict[str, object]:
    """The changes that are pending and the drift, without the values of fields."""
    return {
        "changes": [
            {
                "id": change.id,
                "address": str(change.address),
                "action": str(change.action),
                "count": change.count,
                "reason": change.reason,
            }
            for change in plan.changes
        ],
        "drift": [{"address": str(drift.address), "path": drift.path} for drift in plan.drift],
        "blocked": [blocked_document(one) for one in plan.blocked],
        "unread": [unread_document(one) for one in plan.unread],
        "refusals": list(plan.refusals),
        "summary": dict(sorted(plan.summary.items())),
    }


def last_pass_document(last: LastPass) -> dict[str, object]:
    """What is kept of the last pass."""
    return {
        "at": round(last.at, 3),
        "branch": last.branch,
        "commit": last.commit,
        "status": str(last.status),
        "summary": last.summary,
        "ok_at": round(last.ok_at, 3),
    }

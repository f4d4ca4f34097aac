"""The schemas of plans, results, status and events, beside the renderers of which they tell."""

from __future__ import annotations

from extenci.model.action import Action
from extenci.model.address import Kind
from extenci.model.outcome import Status
from extenci.report.plan.json import PLAN_JSON_VERSION
from extenci.report.result.events import EVENTS_JSON_VERSION
from extenci.report.result.json import RESULT_JSON_VERSION
from extenci.report.schema.shape import (
    ADDRESS,
    COUNT,
    SECONDS,
    TEXT,
    TRUTH,
    Schema,
    many,
    member,
    or_null,
    record,
    titled,
)
from extenci.report.status.json import STATUS_JSON_VERSION

BLOCKED = record({"address": ADDRESS, "kind": member(Kind), "action": member(Action), "reason": TEXT})
UNREAD = record({"service": TEXT, "message": TEXT, "hint": TEXT})
STEP: dict[str, Schema] = {
    "id": TEXT,
    "address": ADDRESS,
    "kind": member(Kind),
    "action": member(Action),
    "count": COUNT,
}
FIELD = record({"path": TEXT, "before": {}, "after": {}})
CHANGE = record(
    {
        **STEP,
        "reason": TEXT,
        "fields": many(FIELD),
        "depends_on": many(TEXT),
        "upload": record({"data": COUNT, "to_send": or_null(COUNT)}),
    },
    optional=["upload"],
)
DRIFT = record({"address": ADDRESS, "kind": member(Kind), "path": TEXT, "before": {}, "after": {}})
PLAN = record(
    {
        "format_version": {"const": PLAN_JSON_VERSION},
        "stack": TEXT,
        "services": many(TEXT),
        "destroy": TRUTH,
        "changes": many(CHANGE),
        "awaited": many(CHANGE),
        "drift": many(DRIFT),
        "blocked": many(BLOCKED),
        "warnings": many(TEXT),
        "refusals": many(TEXT),
        "summary": {"type": "object", "additionalProperties": COUNT},
        "unread": many(UNREAD),
        "submit_descriptions": {"type": "object", "additionalProperties": TEXT},
    },
    optional=["awaited", "unread", "submit_descriptions"],
)
MADE = record(
    {"image": TEXT, "snapshot": or_null(TEXT), "machines": many(TEXT)},
    optional=["image", "snapshot", "machines"],
)
OUTCOME = {"status": member(Status), "message": TEXT, "hint": TEXT, "made": MADE, "seconds": SECONDS}
RESULT = record(
    {
        "format_version": {"const": RESULT_JSON_VERSION},
        "run": TEXT,
        "stack": TEXT,
        "services": many(TEXT),
        "ok": TRUTH,
        "unrecorded": TEXT,
        "seconds": SECONDS,
        "changes": many(record({**STEP, **OUTCOME})),
        "blocked": many(BLOCKED),
        "unread": many(UNREAD),
        "summary": {"type": "object", "additionalProperties": COUNT},
    },
    optional=["unread"],
)
IMAGE_STATUS = record(
    {
        "address": ADDRESS,
        "digest": or_null(TEXT),
        "id": or_null(TEXT),
        "snapshot": or_null(TEXT),
        "state": TEXT,
        "verdict": or_null(TEXT),
        "older": many(TEXT),
    }
)
MACHINE_STATUS = record(
    {
        "id": TEXT,
        "state": TEXT,
        "host": TEXT,
        "image": TEXT,
        "job": or_null(TEXT),
        "outdated": TRUTH,
    }
)
GROUP_STATUS = record(
    {"address": ADDRESS, "wanted": COUNT, "recorded": COUNT, "machines": many(MACHINE_STATUS)}
)
STATUS = record(
    {
        "format_version": {"const": STATUS_JSON_VERSION},
        "stack": TEXT,
        "services": many(TEXT),
        "images": many(IMAGE_STATUS),
        "instances": many(GROUP_STATUS),
        "sandbox_machines": or_null(TEXT),
        "unread": many(UNREAD),
        "notes": many(TEXT),
    },
    optional=["unread", "notes"],
)


def event(name: str, fields: dict[str, Schema]) -> Schema:
    """One kind of event; `time` is in seconds since the epoch."""
    head: dict[str, Schema] = {
        "format_version": {"const": EVENTS_JSON_VERSION},
        "event": {"const": name},
        "time": SECONDS,
    }
    return record({**head, **fields})


EVENTS: Schema = {
    "oneOf": [
        event("planned", {"plan": PLAN}),
        event(
            "begun",
            {
                "change": TEXT,
                "address": ADDRESS,
                "kind": member(Kind),
                "action": member(Action),
                "count": COUNT,
            },
        ),
        event("progress", {"change": TEXT, "done": COUNT, "total": COUNT, "unit": TEXT}),
        event("noted", {"change": or_null(TEXT), "text": TEXT}),
        event("ended", {"change": TEXT, **OUTCOME}),
        event("result", {"result": RESULT}),
        event("error", {"message": TEXT, "hint": TEXT}),
    ]
}

SCHEMAS: dict[str, Schema] = {
    "plan": titled("extenci plan --format json", PLAN),
    "result": titled("extenci apply --format json", RESULT),
    "status": titled("extenci status --format json", STATUS),
    "events": titled("One line of extenci apply --format events", EVENTS),
}
"""By the names that `extenci schema` takes."""

"""Documents against their published schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extenci.model.errors import PlanError
from extenci.model.outcome import Advanced, Began, Ended, Made, Noted, Outcome, Result, Status
from extenci.model.plan import Plan
from extenci.report.plan.json import plan_document
from extenci.report.result.events import (
    EventDocuments,
    error_event,
    planned_event,
    render_event,
    result_event,
)
from extenci.report.result.json import result_document
from extenci.report.schema.documents import SCHEMAS

jsonschema = pytest.importorskip("jsonschema")


def is_valid(document: Any, name: str) -> bool:
    validator = jsonschema.Draft202012Validator(SCHEMAS[name])
    return not list(validator.iter_errors(json.loads(json.dumps(document))))


def result_of(plan: Plan) -> Result:
    outcomes = tuple(
        Outcome(change.id, Status.DONE, made=Made("ami-1", None, ("i-1",)), seconds=1.5)
        for change in plan.changes
    )
    return Result("run-1", plan, outcomes, 3.0)


def test_schemas_are_schemas() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_plans_and_results_are_valid_and_others_are_not(busy_plan: Plan, quiet_plan: Plan) -> None:
    for plan in (busy_plan, quiet_plan):
        assert is_valid(plan_document(plan), "plan")
        assert is_valid(plan_document(plan, {"launch a/b": "x"}), "plan")
        assert is_valid(result_document(result_of(plan)), "result")
    document = plan_document(busy_plan)
    assert not is_valid({**document, "format_version": 9}, "plan")
    assert not is_valid({**document, "changes": [{"id": "x"}]}, "plan")
    assert not is_valid({key: value for key, value in document.items() if key != "drift"}, "plan")
    assert not is_valid(document, "result")


def test_each_event_is_one_valid_line(busy_plan: Plan) -> None:
    change, documents = busy_plan.changes[0], EventDocuments()
    events = [
        planned_event(busy_plan, 1.0),
        documents.of_progress(Began(change), 2.0),
        documents.of_progress(Advanced(change, 1, 10, "bytes"), 3.0),
        documents.of_progress(Noted(None, "two\nlines"), 3.0),
        documents.of_progress(Noted(change, "i-1"), 3.0),
        documents.of_progress(Ended(change, Outcome(change.id, Status.FAILED, "why", "what")), 4.0),
        result_event(result_of(busy_plan), 5.0),
        error_event(PlanError("why", "what"), 6.0),
    ]
    for event in events:
        assert event is not None
        assert is_valid(event, "events"), event
        line = render_event(event)
        assert line.count("\n") == 1
        assert line.isascii()
    assert not is_valid({**error_event(PlanError("x"), 1.0), "event": "other"}, "events")


def test_progress_is_told_once_a_second_and_at_its_end(busy_plan: Plan) -> None:
    change, documents = busy_plan.changes[0], EventDocuments()
    told = [
        documents.of_progress(Advanced(change, done, 10, "bytes"), 100.0 + done / 4) for done in range(11)
    ]
    assert [one["done"] for one in told if one] == [0, 4, 8, 10]

from __future__ import annotations

import json
from collections.abc import Callable

from extenci.model.address import Address
from extenci.model.plan import FieldChange, Plan
from extenci.report.plan.json import field_document, plan_document, render_json


def test_the_document_of_a_plan_is_as_published(busy_plan: Plan, same_as: Callable[[str, str], None]) -> None:
    same_as(render_json(plan_document(busy_plan)), "busy_plan.json")


def test_an_empty_plan_has_every_key() -> None:
    assert plan_document(Plan("s", ("sandbox",))) == {
        "format_version": 1,
        "stack": "s",
        "services": ["sandbox"],
        "destroy": False,
        "changes": [],
        "drift": [],
        "blocked": [],
        "warnings": [],
        "refusals": [],
        "summary": {},
    }


def test_values_that_json_does_not_know_become_lists_and_text() -> None:
    field = FieldChange("groups", frozenset({"b", "a"}), {"at": Address("s", "n"), "t": (1, None)})
    assert field_document(field) == {
        "path": "groups",
        "before": ["a", "b"],
        "after": {"at": "s/n", "t": [1, None]},
    }


def test_a_document_is_one_json_text_without_control_characters(hostile_plan: Plan) -> None:
    text = render_json(plan_document(hostile_plan))
    assert text.endswith("}\n")
    assert text.isascii()
    assert all(character.isprintable() or character == "\n" for character in text)
    assert json.loads(text) == plan_document(hostile_plan)

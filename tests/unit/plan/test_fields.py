"""Differences as people see them."""

from __future__ import annotations

import pytest

from extenci.model.plan import FieldChange
from extenci.plan.fields import differences


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (1, 1, []),
        ("a", None, [("x", "a", None)]),
        (["a", "b"], ["b"], [("x", ["a", "b"], ["b"])]),
        (None, {"gib": 8}, [("x", None, {"gib": 8})]),
        ({"gib": 8, "type": "gp3"}, {"gib": 9, "type": "gp3"}, [("x.gib", 8, 9)]),
        ({"team": "a"}, {"owner": "b"}, [("x.owner", None, "b"), ("x.team", "a", None)]),
        ({"groups": ["a", "b"]}, {"groups": ["b"]}, [("x.groups", ["a", "b"], ["b"])]),
        ({"checks": ["tcp 22"]}, {"checks": ["tcp 23"]}, [("x.checks[0]", "tcp 22", "tcp 23")]),
        (
            {"checks": ["tcp 22"], "timeout": 600},
            {"checks": ["tcp 22", "console a"], "timeout": 60},
            [("x.checks[1]", None, "console a"), ("x.timeout", 600, 60)],
        ),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, [("x.a.b.c", 1, 2)]),
    ],
)
def test_differences_are_told_down_to_what_really_differs(
    before: object, after: object, shown: list[tuple[str, object, object]]
) -> None:
    found = differences({"x": before}, {"x": after}, ("x",))
    assert found == tuple(FieldChange(*one) for one in shown)


def test_only_the_fields_that_are_asked_for_are_compared_and_in_their_order() -> None:
    before, after = {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}
    assert [one.path for one in differences(before, after, ("c", "a"))] == ["c", "a"]

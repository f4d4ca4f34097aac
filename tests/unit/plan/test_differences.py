"""Differences of fields, as people see them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extenci.model.plan import FieldChange
from extenci.plan.differences import describe, differences, new_fields

WORDS = st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"])
KEYS = st.sampled_from(["a", "b", "__c", "d.e"])
VALUES = st.recursive(
    WORDS | st.none() | st.lists(WORDS, max_size=3),
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(st.dictionaries(KEYS, inner, max_size=3), max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.dictionaries(KEYS, VALUES, max_size=4)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"type": "a"}, {"type": "b"}, [("type", "a", "b")]),
        ({"n": None}, {}, []),
        ({"n": 1}, {}, [("n", 1, None)]),
        ({"v": None}, {"v": {"gib": 2}}, [("v", None, {"gib": 2})]),
        ({"v": {"gib": 1, "type": "x"}}, {"v": {"gib": 2}}, [("v.gib", 1, 2), ("v.type", "x", None)]),
        (
            {"tags": {}},
            {"tags": {"a.b": "1", "__c": "2"}},
            [("tags.__c", None, "2"), ("tags.a.b", None, "1")],
        ),
        ({"v": {"a": {"b": 1}}}, {"v": {"a": {"b": 2}}}, [("v.a.b", 1, 2)]),
        ({"v": {"groups": ["a"]}}, {"v": {"groups": ["b"]}}, [("v.groups", ["a"], ["b"])]),
        ({"groups": ["a", "b"]}, {"groups": ["a"]}, [("groups", ["a", "b"], ["a"])]),
        (
            {"verify": {"checks": [{"tcp": 22}, {"run": ["a", "b"]}]}},
            {"verify": {"checks": [{"tcp": 23}, {"run": ["a"]}, {"http": "/"}]}},
            [
                ("verify.checks[0].tcp", 22, 23),
                ("verify.checks[1].run", ["a", "b"], ["a"]),
                ("verify.checks[2]", None, {"http": "/"}),
            ],
        ),
    ],
)
def test_differences_are_shown_where_they_are(
    before: dict[str, object], after: dict[str, object], expected: list[tuple[str, object, object]]
) -> None:
    assert differences(before, after) == tuple(FieldChange(*one) for one in expected)
    assert differences(after, before) == tuple(FieldChange(one[0], one[2], one[1]) for one in expected)


def test_only_some_fields_are_compared_in_their_order() -> None:
    before, after = {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}
    assert [one.path for one in differences(before, after, ("c", "a"))] == ["c", "a"]


def test_new_fields_are_those_that_say_something() -> None:
    fields = {"b": {"gib": 1}, "a": "x", "no": False, "empty": [], "none": None}
    assert new_fields(fields, ("a", "no", "empty", "none", "b")) == (
        FieldChange("a", None, "x"),
        FieldChange("b", None, {"gib": 1}),
    )


def test_differences_in_a_sentence() -> None:
    changes = [FieldChange("groups", ["a", "b"], []), FieldChange("protect", None, True)]
    assert describe(changes) == "groups a, b → none and protect none → true"


def without_none(value: object) -> object:
    """A value without the fields that are None: they count as if they were not there."""
    match value:
        case dict():
            return {key: without_none(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [without_none(inner) for inner in value]
        case _:
            return value


@given(FIELDS, FIELDS)
def test_whatever_differs_is_shown_and_nothing_else(
    before: dict[str, object], after: dict[str, object]
) -> None:
    found = differences(before, after)
    assert all(one.before != one.after for one in found)
    assert len({one.path for one in found}) == len(found)
    if without_none(before) != without_none(after):
        assert found

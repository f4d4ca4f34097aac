"""EC2's filters and pages."""

from __future__ import annotations

import pytest

THINGS = {"worker": {"a": "1"}, "work*": {"a": "2", "b": ""}, "other": {}}


def found(**filters: list[str]) -> list[str]:
    from extenci.sandbox.ec2.filters import chosen  # noqa: PLC0415  # it loads moto

    return chosen(
        THINGS,
        filters,
        {"name": lambda thing: [thing], "flag": lambda thing: [thing == "other"]},
        lambda thing: THINGS[thing],
    )


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["worker", "work*", "other"]),
        ({"name": ["worker"]}, ["worker"]),
        ({"name": ["worker", "other"]}, ["worker", "other"]),
        ({"name": ["work*"]}, ["worker", "work*"]),
        ({"name": [r"work\*"]}, ["work*"]),
        ({"name": ["?ther"]}, ["other"]),
        ({"name": ["WORKER"]}, []),
        ({"name": ["orke"]}, []),
        ({"name": []}, []),
        ({"flag": ["true"]}, ["other"]),
        ({"tag:a": ["*"]}, ["worker", "work*"]),
        ({"tag:b": [""]}, ["work*"]),
        ({"tag-key": ["b"]}, ["work*"]),
        ({"tag-value": ["1"]}, ["worker"]),
        ({"name": ["work*"], "tag:a": ["2"]}, ["work*"]),
    ],
)
def test_filters_choose_as_aws_does(filters: dict[str, list[str]], names: list[str]) -> None:
    """EC2 User Guide, "Filter your resources": values are joined by OR, filters by AND; case-sensitive."""
    assert found(**filters) == names


@pytest.mark.parametrize("things", [{}, {"worker"}])
def test_an_unknown_name_is_refused_also_where_nothing_is_left_to_filter(things: set[str]) -> None:
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415

    from extenci.sandbox.ec2.filters import chosen  # noqa: PLC0415  # it loads moto

    with pytest.raises(EC2ClientError, match="The filter 'colour' is invalid"):
        chosen(things, {"name": ["nobody"], "colour": ["red"]}, {"name": lambda one: [one]}, lambda _: {})


def test_a_page_goes_on_after_the_last_item_also_when_others_vanish() -> None:
    from extenci.sandbox.ec2.pages import page  # noqa: PLC0415  # it loads moto

    items = ["a", "b", "c", "d", "e"]
    shown, token = page(items, 2, None, str)
    assert list(shown) == ["a", "b"]
    rest, end = page(items[1:], 3, token, str)
    assert (list(rest), end) == (["c", "d", "e"], None)
    rest, end = page(["c", "d", "e"], 3, token, str)
    assert (list(rest), end) == (["e"], None), "the marked one is gone: by position"

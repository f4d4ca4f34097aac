"""The package's own names: functions, although packages are called the same."""

from __future__ import annotations

import importlib

import pytest

import extenci


@pytest.mark.parametrize("name", extenci.__all__)
def test_a_public_name_stays_what_it_is_whatever_is_imported(name: str) -> None:
    before = getattr(extenci, name)
    for package in ("plan", "apply", "verify", "observe"):
        importlib.import_module(f"extenci.{package}")
    from extenci.plan.planner import make_plan  # noqa: PLC0415

    assert callable(make_plan)
    assert getattr(extenci, name) is before
    assert callable(before)
    assert not isinstance(before, type(importlib))


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        extenci.nonsense  # noqa: B018

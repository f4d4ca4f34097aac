"""Wishes, records and observations → plans, staleness and status. Pure: no time, no files, no network.

Everything is imported when it is used, so that commands that plan nothing do not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extenci.plan.commands.status import make_status
    from extenci.plan.fields import applied_fields, wish_fields
    from extenci.plan.planner import make_plan
    from extenci.plan.staleness.compare import (
        AlreadyApplied,
        Continues,
        Fresh,
        Stale,
        Standing,
        compare_plans,
    )

_HOMES = {
    "AlreadyApplied": "extenci.plan.staleness.compare",
    "Continues": "extenci.plan.staleness.compare",
    "Fresh": "extenci.plan.staleness.compare",
    "Stale": "extenci.plan.staleness.compare",
    "Standing": "extenci.plan.staleness.compare",
    "applied_fields": "extenci.plan.fields",
    "compare_plans": "extenci.plan.staleness.compare",
    "make_plan": "extenci.plan.planner",
    "make_status": "extenci.plan.commands.status",
    "wish_fields": "extenci.plan.fields",
}

__all__ = [
    "AlreadyApplied",
    "Continues",
    "Fresh",
    "Stale",
    "Standing",
    "applied_fields",
    "compare_plans",
    "make_plan",
    "make_status",
    "wish_fields",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

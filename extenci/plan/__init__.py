"""Wishes, records and observations → plans, staleness and status. Pure: no time, no files, no network."""

from __future__ import annotations

from extenci.plan.fields import applied_fields, wish_fields
from extenci.plan.planner import make_plan
from extenci.plan.staleness import AlreadyApplied, Continues, Fresh, Stale, Standing, compare_plans
from extenci.plan.status import make_status

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

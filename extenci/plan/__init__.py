"""Wishes, records and observations → plans, staleness and status. Pure: no time, no files, no network."""

from __future__ import annotations

from extenci.plan.fields import applied_fields, wish_fields
from extenci.plan.planner import make_plan

__all__ = ["applied_fields", "make_plan", "wish_fields"]

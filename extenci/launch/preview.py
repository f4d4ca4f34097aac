"""The requests for machines as a plan's preview shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from extenci.launch.engines import ENGINES
from extenci.model.plan import Plan
from extenci.model.service import Service
from extenci.model.work import LaunchWork, ReplaceWork


def preview_launches(plan: Plan, services: Mapping[str, Service], folder: Path) -> dict[str, str]:
    """The request for the machines of every change whose engine has one to show, by the change's id: for
    HTCondor, the submit description.

    `folder` is where user data will lie. PlanError where the engine cannot express the spec.
    """
    texts = {
        change.id: ENGINES[change.work.group.launch].preview(change, services[change.address.service], folder)
        for change in plan.changes
        if isinstance(change.work, LaunchWork | ReplaceWork)
    }
    return {change: text for change, text in texts.items() if text is not None}

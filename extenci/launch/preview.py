"""The submit descriptions of a plan's jobs, as they will be but for what only apply knows."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from extenci.cloud.aws.parameters import LaunchRequest
from extenci.cloud.condor.submission import describe_jobs
from extenci.launch.condor import job_request
from extenci.launch.user_data import user_data_path
from extenci.model.address import Launch, Tagging
from extenci.model.ownership import PLAN
from extenci.model.plan import Change, Plan
from extenci.model.service import Service
from extenci.model.work import LaunchWork, ReplaceWork

LATER = "(known when applied)"
"""In place of a token, of the plan's id, and of an image's root device."""


def preview_submits(plan: Plan, services: Mapping[str, Service], folder: Path) -> dict[str, str]:
    """The submit description of every change that HTCondor launches machines for, by the change's id.

    `folder` is where user data will lie. PlanError where HTCondor cannot be told what is desired.
    """
    return {
        change.id: describe(change, change.work, services[change.address.service], folder)
        for change in plan.changes
        if isinstance(change.work, LaunchWork | ReplaceWork) and change.work.group.launch is Launch.CONDOR
    }


def describe(change: Change, work: LaunchWork | ReplaceWork, service: Service, folder: Path) -> str:
    """One submit description as a file for condor_submit has it."""
    group, settings = work.group, work.group.settings
    tags = {**work.tags, PLAN: LATER}
    number = work.count if isinstance(work, LaunchWork) else min(work.batch, change.count)
    launch = LaunchRequest(
        image=work.image.id or f"(made by {work.image.staged_by})",
        settings=settings,
        count=number,
        token=LATER,
        tags=tags if service.tags is Tagging.CREATE else {},
        root_device=LATER if settings.root_volume is not None else None,
    )
    user_data = base64.b64decode(settings.user_data) if settings.user_data else None
    path = str(user_data_path(user_data, folder)) if user_data is not None else None
    lines = describe_jobs(job_request(group, launch, tags, path), service)
    return "\n".join([*(f"{key} = {value}" for key, value in lines.items()), f"queue {number}", ""])

"""The request for a group's jobs, for submitting and for previews."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.cloud.condor.submission import JobRequest, describe_jobs
from extenci.launch.user_data import user_data_path
from extenci.model.desired import DesiredGroup
from extenci.model.ownership import PLAN, SCHEDD, launch_mark
from extenci.model.plan import Change
from extenci.model.service import Service, Tagging
from extenci.model.work import LaunchWork, ReplaceWork

LATER = "(known when applied)"
"""Stands in previews for a token, the plan's id, the schedd's name and an image's root device."""


def job_request(
    group: DesiredGroup, launch: LaunchRequest, marks: Mapping[str, str], user_data_file: str | None
) -> JobRequest:
    """The request for a group's jobs."""
    return JobRequest(
        label=str(group.address),
        launch=launch,
        marks=marks,
        launch_mark=launch_mark(group),
        user_data_file=user_data_file,
    )


def describe_change(change: Change, service: Service, folder: Path) -> str | None:
    """The submit description of a change that launches machines, in the form of a file for condor_submit, as
    far as it is known before apply; None where the change launches none. PlanError where HTCondor cannot
    express the spec."""
    work = change.work
    if not isinstance(work, LaunchWork | ReplaceWork):
        return None
    group, settings = work.group, work.group.settings
    tags = {**work.tags, PLAN: LATER, SCHEDD: LATER}
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

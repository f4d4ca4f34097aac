"""Reads a job's ad from a schedd as an observed value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from math import isfinite

from extenci.cloud.condor.submission import LAUNCH, MARK_ATTRIBUTES, TOKEN, from_attribute
from extenci.model.observed import Job, JobState
from extenci.model.ownership import Marks, read_marks

Ad = Mapping[str, object]

PROJECTION = (
    "ClusterId", "ProcId", "JobStatus", "EnteredCurrentStatus", "QDate", "GridJobStatus", "GridJobId",
    "EC2InstanceName", "EC2AmiID", "EC2InstanceType", "HoldReason", "HoldReasonCode", "HoldReasonSubCode",
    "JobStatusOnRelease", "GridResourceUnavailableTime",
    TOKEN, LAUNCH, *MARK_ATTRIBUTES.values(),
)  # fmt: skip
"""The attributes that are queried: a whole ad has about 100."""

STATES = {
    1: JobState.IDLE,
    2: JobState.RUNNING,
    3: JobState.REMOVED,
    4: JobState.COMPLETED,
    5: JobState.HELD,
    6: JobState.TRANSFERRING,
    7: JobState.SUSPENDED,
}
"""`JobStatus` (HTCondor manual, "Job ClassAd Attributes")."""


def read_job(ad: Ad) -> Job:
    """The `Job` in a queue's ad. An unknown state counts as idle."""
    token, machine = read_grid_job_id(text(ad, "GridJobId"))
    return Job(
        id=f"{ad['ClusterId']}.{ad['ProcId']}",
        state=read_state(ad),
        entered=float(whole(ad, "EnteredCurrentStatus")),
        queued=float(whole(ad, "QDate")),
        image=text(ad, "EC2AmiID"),
        type=text(ad, "EC2InstanceType"),
        grid_state=text(ad, "GridJobStatus"),
        machine=machine,
        client_token=token,
        token=text(ad, TOKEN),
        launch=text(ad, LAUNCH),
        hold_reason=text(ad, "HoldReason"),
        hold_code=whole(ad, "HoldReasonCode"),
        hold_subcode=whole(ad, "HoldReasonSubCode"),
        unavailable_since=float(whole(ad, "GridResourceUnavailableTime")),
        marks=read_mark_attributes(tuple(given_text(ad, name) for name in MARK_ATTRIBUTES.values())),
    )


@lru_cache(maxsize=1000)
def read_mark_attributes(values: tuple[str | None, ...]) -> Marks | None:
    """The marks of a job, from its attributes in the order of MARK_ATTRIBUTES. All jobs of a group have the
    same, so they are read once."""
    given = zip(MARK_ATTRIBUTES, values, strict=True)
    return read_marks({key: from_attribute(value) for key, value in given if value is not None})


def read_state(ad: Ad) -> JobState:
    """The state of a job. A removed job that is held because its machine could not be terminated still counts
    as removed, since it is removed again when it is released (`JobStatusOnRelease`)."""
    found = STATES.get(whole(ad, "JobStatus"), JobState.IDLE)
    then = STATES.get(whole(ad, "JobStatusOnRelease"))
    return JobState.REMOVED if found is JobState.HELD and then is JobState.REMOVED else found


def read_grid_job_id(text: str) -> tuple[str, str | None]:
    """Client token and machine of a `GridJobId`: `ec2 URL TOKEN [MACHINE]` (ec2job.cpp). EC2InstanceName is
    not used, since it stays after the machine was terminated."""
    parts = text.split()
    if parts[:1] != ["ec2"]:
        return "", None
    token = parts[2] if len(parts) > 2 else ""
    return token, parts[3] if len(parts) > 3 else None


def text(ad: Ad, name: str) -> str:
    """A text attribute, "" if it is missing or of another type."""
    return given_text(ad, name) or ""


def given_text(ad: Ad, name: str) -> str | None:
    """A text attribute, None if it is missing or of another type."""
    value = ad.get(name)
    return value if isinstance(value, str) else None


def whole(ad: Ad, name: str) -> int:
    """A number attribute as an integer, 0 if it is missing or of another type."""
    value = ad.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool | Enum):  # `undefined` is an Enum
        return 0
    return int(value) if isfinite(value) else 0

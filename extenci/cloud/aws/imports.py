"""VM Import, which makes snapshots of raw disks in S3 (EC2 API reference, ImportSnapshot; VM Import/Export
User Guide)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from extenci.cloud.aws.answers.pages import bounded_items, bounded_pages
from extenci.cloud.aws.calls import import_call
from extenci.cloud.aws.requests.optional_parts import may_not_offer
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability
from extenci.model.errors import ServiceError
from extenci.model.journal import UNSURE_CODES
from extenci.model.s3 import ImportState, ImportTask

_STATES = {
    "completed": ImportState.COMPLETED,
    "deleting": ImportState.FAILED,
    "deleted": ImportState.FAILED,
    "cancelled": ImportState.FAILED,
    "error": ImportState.FAILED,
}
"""The API reference names none of them; a task that failed or was cancelled is deleted (CLI reference,
describe-import-snapshot-tasks)."""


class Imports:
    """The import tasks of one service. Any thread may use it. Every method raises ServiceError and its
    kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def tasks(self, ids: Sequence[str] = ()) -> tuple[ImportTask, ...]:
        """The tasks with these ids, or all that the account has, as long as the service lists them; none
        where it imports nothing."""
        abilities = self._session.abilities
        if abilities.lacks(Ability.IMPORT_SNAPSHOT):
            return ()
        try:
            return self._tasks(ids)
        except ServiceError as error:
            is_ill = error.code in (*UNSURE_CODES, "502", "503", "504")
            if is_ill or not may_not_offer(error) or not abilities.is_open(Ability.IMPORT_SNAPSHOT):
                raise
            said = error.code or "no answer of EC2"
            abilities.learn(Ability.IMPORT_SNAPSHOT, False, f"DescribeImportSnapshotTasks: {said}")
            return ()

    def _tasks(self, ids: Sequence[str]) -> tuple[ImportTask, ...]:
        asked: dict[str, Any] = {"ImportTaskIds": list(ids)} if ids else {}
        limits = self._session.limits
        with import_call(self._session, "DescribeImportSnapshotTasks") as ec2:
            pages = ec2.get_paginator("describe_import_snapshot_tasks").paginate(**asked)
            listed = (
                one for page in bounded_pages(pages, limits) for one in page.get("ImportSnapshotTasks", ())
            )
            return tuple(map(read_task, bounded_items(listed, limits)))


def read_task(answer: Any) -> ImportTask:
    """A task as the service describes it."""
    detail: Mapping[str, Any] = answer.get("SnapshotTaskDetail", {})
    place: Mapping[str, Any] = detail.get("UserBucket", {})
    state = _STATES.get(str(detail.get("Status", "")).lower(), ImportState.ACTIVE)
    progress = re.match(r"\d+", "100" if state is ImportState.COMPLETED else str(detail.get("Progress", "")))
    return ImportTask(
        id=answer["ImportTaskId"],
        state=state,
        bucket=place.get("S3Bucket", ""),
        key=place.get("S3Key", ""),
        progress=min(int(progress[0]), 100) if progress else 0,
        message=detail.get("StatusMessage", ""),
        snapshot=detail.get("SnapshotId") or None,
        tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())},
    )

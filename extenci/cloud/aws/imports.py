"""VM Import: raw disks in S3 become snapshots (EC2 API reference, ImportSnapshot; VM Import/Export User
Guide)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from extenci.cloud.aws.errors import translated
from extenci.cloud.aws.parameters import tag_specification
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import ServiceError
from extenci.model.imports import ImportState, ImportTask

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

TASK = "import-snapshot-task"
ROLE_HINT = (
    "The service reads the disk from S3 in the role `vmimport`. Have it made, with leave to read the bucket: "
    'VM Import/Export User Guide, "Required service role". Or stage with `method: ebs`.'
)

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
    """VM Import of one service. Any thread may use it. Every method raises ServiceError and its kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def start(
        self, bucket: str, key: str, token: str, tags: Mapping[str, str], *, description: str = ""
    ) -> ImportTask:
        """Begin to import a raw disk. `tags` go on the task, not on its snapshot. The same token (at most 64
        characters) and request again: the same task; with another request, the code
        IdempotentParameterMismatch."""
        specification = tag_specification(TASK, tags)
        more = {"TagSpecifications": specification} if specification else {}
        with self._asking("ImportSnapshot") as ec2:
            answer = ec2.import_snapshot(
                ClientToken=token,
                Description=description,
                DiskContainer={"Format": "RAW", "UserBucket": {"S3Bucket": bucket, "S3Key": key}},
                **cast("Any", more),
            )
            return read_task(answer)

    def tasks(self, ids: Sequence[str] = ()) -> tuple[ImportTask, ...]:
        """Those tasks, or all that the account has, as long as the service lists them."""
        asked: dict[str, Any] = {"ImportTaskIds": list(ids)} if ids else {}
        with self._asking("DescribeImportSnapshotTasks") as ec2:
            pages = ec2.get_paginator("describe_import_snapshot_tasks").paginate(**asked)
            return tuple(read_task(one) for page in pages for one in page.get("ImportSnapshotTasks", ()))

    @contextmanager
    def _asking(self, call: str) -> Iterator[EC2Client]:
        client: EC2Client = self._session.client("ec2")
        session, name = self._session, self._session.service.name
        try:
            with translated(name, call, session.address("ec2"), session.hidden()):
                yield client
        except ServiceError as error:
            if "vmimport" in error.message:
                error.hint = ROLE_HINT
            raise


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

from __future__ import annotations

from typing import Any

import pytest

from extenci.cloud.aws.imports import read_task
from extenci.model.s3 import ImportState, ImportTask

ANSWER: dict[str, Any] = {
    "ImportTaskId": "import-snap-1",
    "SnapshotTaskDetail": {
        "Status": "active",
        "Progress": "42",
        "StatusMessage": "converting",
        "UserBucket": {"S3Bucket": "mine", "S3Key": "a/b.raw"},
    },
    "Tags": [{"Key": "a", "Value": "b"}],
}


def test_a_task_is_read_as_the_service_describes_it() -> None:
    assert read_task(ANSWER) == ImportTask(
        "import-snap-1", ImportState.ACTIVE, "mine", "a/b.raw", 42, "converting", None, {"a": "b"}
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed", ImportState.COMPLETED),
        ("deleted", ImportState.FAILED),
        ("deleting", ImportState.FAILED),
        ("active", ImportState.ACTIVE),
        ("what comes next", ImportState.ACTIVE),
    ],
)
def test_what_failed_is_called_deleted(status: str, state: ImportState) -> None:
    """VM Import/Export User Guide; CLI reference, describe-import-snapshot-tasks."""
    detail = {"Status": status, "SnapshotId": "snap-1"}
    assert read_task({"ImportTaskId": "i", "SnapshotTaskDetail": detail}).state is state


def test_what_is_completed_is_all_done_though_its_progress_is_not_told() -> None:
    detail = {"Status": "completed", "SnapshotId": "snap-1"}
    task = read_task({"ImportTaskId": "i", "SnapshotTaskDetail": detail})
    assert (task.progress, task.snapshot) == (100, "snap-1")


@pytest.mark.parametrize("told", ["", "soon", "-3"])
def test_a_progress_that_is_no_number_is_none(told: str) -> None:
    detail = {"Status": "active", "Progress": told}
    assert read_task({"ImportTaskId": "i", "SnapshotTaskDetail": detail}).progress == 0

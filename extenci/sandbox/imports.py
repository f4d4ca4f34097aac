"""ImportSnapshot of RAW objects in the sandbox's S3. moto has none of it (a 500).

AWS: API reference, ImportSnapshot, DescribeImportSnapshotTasks; VM Import/Export User Guide. The tags
of ImportSnapshot go on the task, not on the snapshot.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, MissingParameterError
from moto.ec2.utils import random_id
from moto.s3.models import FakeKey

from extenci.sandbox.actions import Actions
from extenci.sandbox.cloud import Cloud
from extenci.sandbox.disks import BLOCK_BYTES
from extenci.sandbox.filters import Readers, chosen
from extenci.sandbox.paging import page, page_size
from extenci.sandbox.s3 import find_object
from extenci.sandbox.s3_objects import pieces_of
from extenci.sandbox.snapshots import DiskSnapshot, add_snapshot
from extenci.sandbox.tags import tags_at_creation, tags_of

_GIB = 1 << 30
_ZEROS = bytes(BLOCK_BYTES)


@dataclass
class ImportTask:
    """One import. `status` is active, completed or deleted (failed; `message` says why), as on AWS."""

    id: str
    description: str
    bucket: str
    key: str
    format: str
    status: str = "active"
    message: str = "pending"
    progress: int = 0
    size: int = 0
    snapshot_id: str = ""

    def shown(self, tags: Mapping[str, str]) -> dict[str, Any]:
        detail: dict[str, Any] = {
            "Description": self.description,
            "DiskImageSize": float(self.size),
            "Format": self.format,
            "Status": self.status,
            "UserBucket": {"S3Bucket": self.bucket, "S3Key": self.key},
        }
        if self.status == "completed":
            detail["SnapshotId"] = self.snapshot_id
        else:
            detail |= {"StatusMessage": self.message, "Progress": str(self.progress)}
        return {
            "ImportTaskId": self.id,
            "Description": self.description,
            "SnapshotTaskDetail": detail,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }


class ImportActions(Actions):
    """ImportSnapshot, DescribeImportSnapshotTasks."""

    def import_snapshot(self) -> ActionResult:
        container = self._get_param("DiskContainer", {})
        bucket, key = _place(container)
        tags = tags_at_creation(self.tag_specifications(), ["import-snapshot-task"])
        self.error_on_dryrun()
        description = self._get_param("Description") or container.get("Description", "")
        kind = str(container.get("Format", "")).upper()
        task = ImportTask(random_id("import-snap"), description, bucket, key, kind)
        self.cloud.imports[task.id] = task
        self.backend.tags[task.id].update(tags["import-snapshot-task"])
        threading.Thread(target=_carry_out, args=(self.cloud, task), daemon=True).start()
        return ActionResult(task.shown(tags_of(self.backend, task.id)))

    def describe_import_snapshot_tasks(self) -> ActionResult:
        ids = self._get_param("ImportTaskIds", [])
        for task_id in ids:
            if task_id not in self.cloud.imports:
                raise EC2ClientError(
                    "InvalidConversionTaskId.Malformed",
                    f"The import task ID {task_id} does not exist",
                )
        tasks = [task for task in self.cloud.imports.values() if not ids or task.id in ids]
        found = chosen(tasks, self.filters, _FILTERS, lambda one: tags_of(self.backend, one.id))
        size = page_size(self._get_param("MaxResults"), least=1)
        shown, following = page(found, size, self._get_param("NextToken"), lambda one: one.id)
        tasks_shown = [task.shown(tags_of(self.backend, task.id)) for task in shown]
        return ActionResult({"ImportSnapshotTasks": tasks_shown, "NextToken": following})


def _place(container: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key, from UserBucket or from an s3:// or https:// Url."""
    bucket = container.get("UserBucket", {})
    if bucket.get("S3Bucket") and bucket.get("S3Key"):
        return bucket["S3Bucket"], bucket["S3Key"]
    if url := container.get("Url"):
        parts = urlsplit(url)
        if parts.scheme == "s3":
            return parts.netloc, parts.path.lstrip("/")
        found, _, key = parts.path.lstrip("/").partition("/")
        return found, key
    raise MissingParameterError("diskContainer.userBucket or diskContainer.url")


def _carry_out(cloud: Cloud, task: ImportTask) -> None:
    """Runs in a thread of its own; the bytes are copied without the lock."""
    source = find_object(task.bucket, task.key)
    problem = ""
    if task.format != "RAW":
        problem = f"ClientError: The sandbox imports RAW disks only, not {task.format or 'this format'}."
    elif source is None:
        problem = f"ClientError: Cannot access the object s3://{task.bucket}/{task.key}."
    elif source.size == 0:
        problem = "ClientError: Disk validation failed [the disk image is empty]"
    if problem or source is None:
        task.status, task.message = "deleted", problem
        return
    task.size, task.message = source.size, "converting"
    snapshot = _filled(cloud, task, source)
    with cloud.lock:
        add_snapshot(cloud, snapshot, {})
        task.snapshot_id, task.progress, task.status = snapshot.id, 100, "completed"


def _filled(cloud: Cloud, task: ImportTask, source: FakeKey) -> DiskSnapshot:
    description = f"Created by AWS-VMImport service for {task.id}"
    snapshot = DiskSnapshot(cloud, -(-task.size // _GIB), description)
    for index, block in enumerate(pieces_of(source, 0, source.size, BLOCK_BYTES)):
        if block != _ZEROS[: len(block)]:
            snapshot.put(index, block.ljust(BLOCK_BYTES, b"\0"), b"")
        task.progress = 99 * index * BLOCK_BYTES // task.size
    snapshot.seal()
    snapshot.complete(0)
    return snapshot


_FILTERS: Readers[ImportTask] = {"status": lambda task: [task.status]}

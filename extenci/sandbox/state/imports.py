"""Imports of disks from S3, as EC2 shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class SandboxImportTask:
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

"""Imports of disks that lie in S3, which the service carries out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ImportState(StrEnum):
    """The state of an import."""

    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True)
class ImportTask:
    """An import of the object `key` in `bucket` ("" where the service does not say). `progress` is in
    percent, `message` the service's text on its state; `snapshot` is there once it is completed."""

    id: str
    state: ImportState
    bucket: str = ""
    key: str = ""
    progress: int = 0
    message: str = ""
    snapshot: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

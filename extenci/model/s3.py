"""The contents of S3: objects, uploads in parts, and imports of objects into snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class StoredObject:
    """An object. `size` is in bytes, `etag` without quotes (the MD5 of what was put at once, on most
    services), `modified` seconds since the epoch; `metadata` is known only where one object is asked for."""

    key: str
    size: int
    etag: str
    modified: float
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SmallObject:
    """An object with its content; `idle` is for how many seconds it has not changed, by the service's clock,
    None where that does not tell."""

    data: bytes
    etag: str
    idle: float | None = None


@dataclass(frozen=True)
class StoredPart:
    """A part that an upload holds already. Numbers begin at 1; `etag` is without quotes."""

    number: int
    etag: str
    size: int


@dataclass(frozen=True)
class PartUpload:
    """An unfinished upload in parts; `started` in seconds since the epoch."""

    key: str
    id: str
    started: float


class ImportState(StrEnum):
    """How an import stands."""

    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True)
class ImportTask:
    """An import of the object `key` in `bucket` ("" where the service does not say). `progress` is in
    percent, `message` the service's word on how it stands; `snapshot` is there once it is completed."""

    id: str
    state: ImportState
    bucket: str = ""
    key: str = ""
    progress: int = 0
    message: str = ""
    snapshot: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

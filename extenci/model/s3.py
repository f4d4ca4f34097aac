"""Objects in S3, and uploads in parts that are not objects yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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

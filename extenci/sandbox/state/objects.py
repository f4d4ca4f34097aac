"""Objects in moto's S3 whose bytes lie in files. moto keeps what it is given in memory or in open files, and
reads all of it to give out any."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

from moto.s3.models import FakeKey, s3_backends

from extenci.sandbox.http.bodies import PIECE_BYTES, ObjectContent, StoredBody
from extenci.sandbox.state.cloud import ACCOUNT

OBJECTS_LOCK = threading.Lock()
"""moto's S3 is not safe for threads either. Never take Cloud.lock while holding this."""


def find_object(bucket: str, key: str) -> FakeKey | None:
    with OBJECTS_LOCK:
        return find_key(bucket, key)


def object_exists(bucket: str, key: str) -> bool:
    return find_object(bucket, key) is not None


def find_key(bucket: str, key: str) -> FakeKey | None:
    """An object. Whoever calls holds moto's lock."""
    backend = s3_backends[ACCOUNT]["aws"]
    if bucket not in backend.buckets:
        return None
    return backend.get_object(bucket, key)


def fill(key: FakeKey, bodies: list[tuple[Path, int]], etag: str) -> None:
    """Give an object that was put empty its bytes."""
    with key.lock:
        key._value_buffer.close()  # noqa: SLF001  # moto has no other way to its bytes
        content = ObjectContent(bodies)
        key._value_buffer = content  # type: ignore[assignment]  # noqa: SLF001
        key.contentsize = content.size
        key._etag = etag  # noqa: SLF001


def fill_with_body(key: FakeKey, body: StoredBody) -> None:
    """The same with one body."""
    fill(
        key, [(body.path.rename(body.path.with_name(f"{body.path.name}.object")), body.size)], body.md5.hex()
    )


def content_of(key: FakeKey) -> ObjectContent | None:
    """The files that an object's bytes are in; None: moto has them in memory, they are few."""
    found: object = key._value_buffer  # noqa: SLF001
    return found if isinstance(found, ObjectContent) else None


def pieces_of(key: FakeKey, start: int, end: int, length: int = PIECE_BYTES) -> Iterator[bytes]:
    """The bytes of an object from `start` up to `end`, `length` at a time."""
    content = content_of(key)
    if content is not None:
        yield from content.pieces(start, end, length)
        return
    data = key.value[start:end]
    for offset in range(0, len(data), length):
        yield data[offset : offset + length]


class Unsatisfiable(Exception):
    """The range begins beyond the object's end."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and byte after the last that a `Range` asks for; None where it is to be ignored, as it is no
    single range of bytes (RFC 9110, 14.2)."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        start, end = max(size - int(found[2]), 0), size
    else:
        start = int(found[1])
        end = min(int(found[2]) + 1, size) if found[2] else size
    if start >= size:
        raise Unsatisfiable
    return (start, end) if start < end else None

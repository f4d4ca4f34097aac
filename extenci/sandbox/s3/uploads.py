"""Multipart uploads (Amazon S3 API reference). moto keeps parts in memory, joins them there several times
over, numbers parts anew where it lists them, and knows no pages of uploads.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from moto.s3.models import FakeKey

from extenci.sandbox.http.bodies import StoredBody, store_pieces
from extenci.sandbox.s3.xml import bool_text, element, time_text, xml_answer
from extenci.sandbox.state.objects import content_of, pieces_of

SMALLEST_PART = 5 << 20
MOST_PARTS = 10_000
PAGE = 1000


class S3Error(Exception):
    """S3 says no: status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class UploadedPart:
    """A part in a file; `etag` is its MD5 in hex."""

    path: Path
    size: int
    etag: str
    modified: datetime


@dataclass
class MultipartUpload:
    """One upload. `headers` are those that it was begun with; they are the object's in the end."""

    bucket: str
    key: str
    id: str
    headers: Mapping[str, str]
    started: datetime
    parts: dict[int, UploadedPart] = field(default_factory=dict)


@dataclass(frozen=True)
class Joined:
    """An upload that was completed: what its object is made of."""

    upload: MultipartUpload
    bodies: list[tuple[Path, int]]
    etag: str


class Uploads:
    """All uploads under way. Any thread may use it; bytes are moved outside of its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._uploads: dict[str, MultipartUpload] = {}
        self._lock = RLock()

    def create(self, bucket: str, key: str, headers: Mapping[str, str]) -> str:
        """CreateMultipartUpload."""
        upload = MultipartUpload(bucket, key, secrets.token_urlsafe(32), dict(headers), datetime.now(UTC))
        with self._lock:
            self._uploads[upload.id] = upload
        return xml_answer("InitiateMultipartUploadResult", Bucket=bucket, Key=key, UploadId=upload.id)

    def put(self, bucket: str, key: str, query: Mapping[str, str], body: StoredBody) -> str:
        """UploadPart; the part's ETag."""
        number = _part_number(query)
        path = body.path.rename(body.path.with_name(f"{body.path.name}.part"))
        part = UploadedPart(path, body.size, body.md5.hex(), datetime.now(UTC))
        try:
            with self._lock:
                old = self._find(bucket, key, query).parts.get(number)
                self._find(bucket, key, query).parts[number] = part
        except S3Error:
            path.unlink()
            raise
        if old is not None:
            old.path.unlink(missing_ok=True)
        return part.etag

    def copy(
        self, bucket: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], source: FakeKey
    ) -> str:
        """UploadPartCopy of an object, or of a range of it."""
        with self._lock:
            self._find(bucket, key, query)
        etag = self.put(bucket, key, query, self._copied(source, headers.get("x-amz-copy-source-range")))
        return xml_answer("CopyPartResult", ETag=f'"{etag}"', LastModified=time_text(datetime.now(UTC)))

    def _copied(self, source: FakeKey, asked: str | None) -> StoredBody:
        """A whole object in one file is linked to, not copied: it never changes."""
        content = content_of(source)
        if asked is None and content is not None and content.only is not None:
            path = self.folder / f"link-{secrets.token_hex(8)}"
            os.link(content.only, path)
            return StoredBody(path, content.size, bytes.fromhex(source.etag.strip('"')))
        start, end = 0, source.size
        if asked is not None:
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
            if found is None or int(found[2]) >= source.size or int(found[1]) > int(found[2]):
                raise S3Error(400, "InvalidArgument", "Range specified is not valid for source object")
            start, end = int(found[1]), int(found[2]) + 1
        return store_pieces(pieces_of(source, start, end), self.folder)

    def complete(
        self, bucket: str, key: str, query: Mapping[str, str], body: bytes, finish: Callable[[Joined], None]
    ) -> str:
        """CompleteMultipartUpload; `finish` makes the object."""
        wanted = _read_parts(body)
        with self._lock:
            upload = self._find(bucket, key, query)
            joined = _join(upload, wanted)
            finish(joined)
            del self._uploads[upload.id]
        used = {path for path, _ in joined.bodies}
        _unlink(part.path for part in upload.parts.values() if part.path not in used)
        location = f"/{quote(bucket)}/{quote(key)}"
        return xml_answer(
            "CompleteMultipartUploadResult",
            Location=location,
            Bucket=bucket,
            Key=key,
            ETag=f'"{joined.etag}"',
        )

    def abort(self, bucket: str, key: str, query: Mapping[str, str]) -> None:
        """AbortMultipartUpload."""
        with self._lock:
            upload = self._find(bucket, key, query)
            del self._uploads[upload.id]
        _unlink(part.path for part in upload.parts.values())

    def list_parts(self, bucket: str, key: str, query: Mapping[str, str]) -> str:
        """ListParts."""
        after, most = int(query.get("part-number-marker") or 0), _most(query, "max-parts")
        with self._lock:
            parts = sorted(self._find(bucket, key, query).parts.items())
        left = [one for one in parts if one[0] > after]
        shown = left[:most]
        members = [
            element(
                "Part",
                PartNumber=number,
                LastModified=time_text(one.modified),
                ETag=f'"{one.etag}"',
                Size=one.size,
            )
            for number, one in shown
        ]
        return xml_answer(
            "ListPartsResult",
            *members,
            Bucket=bucket,
            Key=key,
            UploadId=query["uploadId"],
            PartNumberMarker=after,
            NextPartNumberMarker=shown[-1][0] if shown else after,
            MaxParts=most,
            IsTruncated=bool_text(len(left) > most),
        )

    def list_uploads(self, bucket: str, query: Mapping[str, str]) -> str:
        """ListMultipartUploads, sorted by key, then by time."""
        prefix, most = query.get("prefix", ""), _most(query, "max-uploads")
        marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
        with self._lock:
            mine = [
                one for one in self._uploads.values() if one.bucket == bucket and one.key.startswith(prefix)
            ]
        mine.sort(key=lambda one: (one.key, one.started, one.id))
        left = _after(mine, *marker)
        shown = left[:most]
        last = shown[-1] if shown else None
        encode = quote if query.get("encoding-type") == "url" else str
        members = [
            element("Upload", Key=encode(one.key), UploadId=one.id, Initiated=time_text(one.started))
            for one in shown
        ]
        return xml_answer(
            "ListMultipartUploadsResult",
            *members,
            Bucket=bucket,
            Prefix=encode(prefix),
            EncodingType=query.get("encoding-type", ""),
            KeyMarker=encode(marker[0]),
            UploadIdMarker=marker[1],
            NextKeyMarker=encode(last.key) if last else "",
            NextUploadIdMarker=last.id if last else "",
            MaxUploads=most,
            IsTruncated=bool_text(len(left) > most),
        )

    def _find(self, bucket: str, key: str, query: Mapping[str, str]) -> MultipartUpload:
        upload = self._uploads.get(query.get("uploadId", ""))
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise S3Error(
                404,
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
                "been aborted or completed.",
            )
        return upload


def copy_source(headers: Mapping[str, str]) -> tuple[str, str]:
    """Bucket and key that `x-amz-copy-source` names."""
    source = headers["x-amz-copy-source"].partition("?versionId=")[0]
    bucket, _, key = unquote(source.lstrip("/")).partition("/")
    return bucket, key


def _join(upload: MultipartUpload, wanted: list[tuple[int, str]]) -> Joined:
    numbers = [number for number, _ in wanted]
    if numbers != sorted(set(numbers)):
        raise S3Error(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    for number, etag in wanted:
        if number not in upload.parts or upload.parts[number].etag != etag:
            raise S3Error(400, "InvalidPart", "One or more of the specified parts could not be found.")
    parts = [upload.parts[number] for number in numbers]
    if any(part.size < SMALLEST_PART for part in parts[:-1]):
        raise S3Error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    md5 = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    return Joined(upload, [(part.path, part.size) for part in parts], f"{md5}-{len(parts)}")


def _read_parts(body: bytes) -> list[tuple[int, str]]:
    malformed = S3Error(400, "MalformedXML", "The XML you provided was not well-formed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # the sandbox's own user wrote it
        found = [
            (int(one.findtext("{*}PartNumber", "")), one.findtext("{*}ETag", "").strip('"'))
            for one in root.findall("{*}Part")
        ]
    except (ElementTree.ParseError, ValueError):
        raise malformed from None
    if not found:
        raise malformed
    return found


def _part_number(query: Mapping[str, str]) -> int:
    text = query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PARTS:
        raise S3Error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
    return int(text)


def _after(uploads: list[MultipartUpload], key: str, upload_id: str) -> list[MultipartUpload]:
    """The uploads that come after a page's last one."""
    if not key:
        return uploads
    places = [place for place, one in enumerate(uploads) if (one.key, one.id) == (key, upload_id)]
    if places:
        return uploads[places[0] + 1 :]
    return [one for one in uploads if one.key > key]


def _most(query: Mapping[str, str], name: str) -> int:
    return min(int(query.get(name) or PAGE), PAGE)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)

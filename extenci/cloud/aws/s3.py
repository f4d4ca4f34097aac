"""S3's read calls (Amazon S3 API reference).

Objects are listed with ListObjects, since not every S3 has ListObjectsV2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.parsers import ResponseParserError

from extenci.cloud.aws.calls import etag_of, in_service_file, s3_call
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import NotFound, ServiceError
from extenci.model.s3 import PartUpload, StoredObject, StoredPart

PIECE_BYTES = 1024**2
"""The bytes of an object that are read at a time."""


class S3:
    """The read calls of one service's S3. Any thread may use it. Every method raises ServiceError and its
    kinds; NotFound if a bucket does not exist."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    @property
    def bucket(self) -> str:
        """The bucket that the service's file names for uploads. ServiceError if it names none."""
        service = self._session.service
        if service.bucket is None:
            raise ServiceError(
                f"The service {service.name} has no bucket to upload to.",
                f"Name one that you may write to as `bucket:` in its file{in_service_file(service.file)}. "
                "extenci makes none by itself.",
                service=service.name,
                code="NoBucket",
            )
        return service.bucket

    def object_info(self, bucket: str, key: str) -> StoredObject | None:
        """An object's size, ETag, time and metadata; None if no object has that key."""
        try:
            with s3_call(self._session, "HeadObject", bucket) as s3:
                answer = s3.head_object(Bucket=bucket, Key=key)
                return StoredObject(
                    key,
                    answer["ContentLength"],
                    etag_of(answer),
                    answer["LastModified"].timestamp(),
                    answer.get("Metadata", {}),
                )
        except NotFound:  # the answer to HEAD has no body to tell whether the bucket is missing
            return None

    def list_objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with a prefix, in the order of their keys."""
        pages = self._pages("list_objects", "ListObjects", bucket, Bucket=bucket, Prefix=prefix)
        for page in pages:
            for one in page.get("Contents", ()):
                yield StoredObject(
                    one["Key"], one["Size"], one["ETag"].strip('"'), one["LastModified"].timestamp()
                )

    def get_object(
        self, bucket: str, key: str, start: int = 0, *, etag: str | None = None
    ) -> Iterator[bytes]:
        """The bytes of an object from `start` on, piece by piece (1 MiB at most).

        NotFound if there is no such object. The error's code is PreconditionFailed if the object no longer
        has the `etag`, and InvalidRange if it ends before `start`. Unreachable if the connection breaks off;
        the bytes yielded until then are right.
        """
        asked: dict[str, Any] = {"Bucket": bucket, "Key": key}
        asked |= {"Range": f"bytes={start}-"} if start else {}
        asked |= {"IfMatch": f'"{etag}"'} if etag else {}
        with s3_call(self._session, "GetObject", bucket) as s3:
            answer = s3.get_object(**asked)
            _check_start(answer, start)
            body = answer["Body"]
        try:
            while True:
                with s3_call(self._session, "GetObject", bucket):
                    piece = body.read(PIECE_BYTES)
                if not piece:
                    return
                yield piece
        finally:
            body.close()

    def parts(self, bucket: str, key: str, upload: str) -> tuple[StoredPart, ...]:
        """The parts of an upload in the order of their numbers. NotFound if there is no such upload."""
        pages = self._pages("list_parts", "ListParts", bucket, Bucket=bucket, Key=key, UploadId=upload)
        return tuple(
            StoredPart(one["PartNumber"], one["ETag"].strip('"'), one["Size"])
            for page in pages
            for one in page.get("Parts", ())
        )

    def multipart_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        """The multipart uploads under way to keys that begin with a prefix."""
        pages = self._pages(
            "list_multipart_uploads", "ListMultipartUploads", bucket, Bucket=bucket, Prefix=prefix
        )
        return tuple(
            PartUpload(one["Key"], one["UploadId"], one["Initiated"].timestamp())
            for page in pages
            for one in page.get("Uploads", ())
        )

    def _pages(self, method: str, call: str, bucket: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        with s3_call(self._session, call, bucket) as s3:
            pages = iter(s3.get_paginator(cast("Any", method)).paginate(**parameters))
        while True:
            with s3_call(self._session, call, bucket):
                page = next(pages, None)
                if page is None:
                    return
                _check_page(page)
            yield page


def _check_page(page: Mapping[str, Any]) -> None:
    """Every listing names its bucket. A well-formed answer from something other than S3 does not; it would be
    taken to say that nothing exists."""
    if not page.get("Name") and not page.get("Bucket"):
        raise ResponseParserError("no bucket")


def _check_start(answer: Any, start: int) -> None:
    """A service that ignores ranges would send the object's beginning instead."""
    if start and not str(answer.get("ContentRange", "")).startswith(f"bytes {start}-"):
        raise ResponseParserError("no ContentRange")

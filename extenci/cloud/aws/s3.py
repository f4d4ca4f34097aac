"""S3's reading calls (Amazon S3 API reference).

Objects are listed by ListObjects: not every S3 has ListObjectsV2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.parsers import ResponseParserError

from extenci.cloud.aws.calls import in_service_file, s3_call
from extenci.cloud.aws.requests.optional_parts import may_not_know
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability
from extenci.model.errors import NotFound, ServiceError
from extenci.model.s3 import PartUpload, StoredObject, StoredPart

PIECE_BYTES = 1024**2
"""How much of an object is read at a time."""


class S3:
    """S3 of one service, as far as it is read. Any thread may use it. Every method raises ServiceError and
    its kinds; NotFound where a bucket does not exist."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    @property
    def bucket(self) -> str:
        """The bucket that the service's file names for uploads. ServiceError where it names none."""
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
        """What is known of an object, None where there is none of that key. Its `etag` is "" where there is
        none."""
        try:
            with s3_call(self._session, "HeadObject", bucket) as s3:
                answer = s3.head_object(Bucket=bucket, Key=key)
                return StoredObject(
                    key,
                    answer["ContentLength"],
                    str(answer.get("ETag", "")).strip('"'),
                    answer["LastModified"].timestamp(),
                    answer.get("Metadata", {}),
                )
        except NotFound:  # a HEAD has no body that could say whether it is the bucket that is missing
            return None

    def list_objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with a prefix, in the order of their keys."""
        pages = self._pages("list_objects", "ListObjects", bucket, Bucket=bucket, Prefix=prefix)
        for page in pages:
            for one in page.get("Contents", ()):
                yield StoredObject(
                    one["Key"], one["Size"], one.get("ETag", "").strip('"'), one["LastModified"].timestamp()
                )

    def get_object(
        self, bucket: str, key: str, start: int = 0, *, etag: str | None = None
    ) -> Iterator[bytes]:
        """The bytes of an object from `start` on, piece by piece (1 MiB at most).

        NotFound where there is none; with `etag`, the code PreconditionFailed where the object is
        another by now; the code InvalidRange where it ends before `start`. Unreachable where the connection
        breaks: what was given out until then is right.
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
        """The parts that an upload holds, by number. NotFound where there is no such upload."""
        pages = self._pages("list_parts", "ListParts", bucket, Bucket=bucket, Key=key, UploadId=upload)
        return tuple(
            StoredPart(one["PartNumber"], one["ETag"].strip('"'), one["Size"])
            for page in pages
            for one in page.get("Parts", ())
        )

    def multipart_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        """The uploads in parts under way to keys that begin with a prefix; none where the service does not
        list them."""
        if self._session.abilities.lacks(Ability.LIST_UPLOADS):
            return ()
        try:
            return self._multipart_uploads(bucket, prefix)
        except ServiceError as error:
            is_unknown = may_not_know(error) or error.code == "NoSuchUpload"
            if not is_unknown or not self._session.abilities.is_open(Ability.LIST_UPLOADS):
                raise
            said = error.code or "no answer of S3"
            self._session.abilities.learn(Ability.LIST_UPLOADS, False, f"ListMultipartUploads: {said}")
            return ()

    def _multipart_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
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
    """Every list tells its bucket. Something else than S3 that is well-formed would say: there is nothing."""
    if not page.get("Name") and not page.get("Bucket"):
        raise ResponseParserError("no bucket")


def _check_start(answer: Any, start: int) -> None:
    """A service that ignores ranges would give the beginning for the end."""
    if start and not str(answer.get("ContentRange", "")).startswith(f"bytes {start}-"):
        raise ResponseParserError("no ContentRange")

"""S3's read calls (Amazon S3 API reference).

Objects are listed by ListObjects, which some S3 do not have, or else by ListObjectsV2, which others do not
have. Lists of parts and of uploads under way are optional: s3rver has neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

from botocore.parsers import ResponseParserError

from extenci.cloud.aws.answers.pages import bounded_pages
from extenci.cloud.aws.calls import etag_of, in_service_file, s3_call
from extenci.cloud.aws.error_codes import is_unknown_action
from extenci.cloud.aws.requests.optional_parts import may_not_offer
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, NotFound, ServiceError, Throttled, Unreachable
from extenci.model.s3 import PartUpload, SmallObject, StoredObject, StoredPart

PIECE_BYTES = 1024**2
"""How much of an object is read at a time."""
NO_UPLOAD = "NoSuchUpload"
"""The code for an upload in parts that is not there (S3 API reference, "Error responses")."""
NO_RIGHTS = frozenset(("AccessDenied", "Forbidden", "NotAuthorized", "403"))
"""How services of S3 say that good credentials may not do this (S3 API reference, "Error responses")."""
_LIST = ("list_objects", "ListObjects")
_LIST_V2 = ("list_objects_v2", "ListObjectsV2")


class S3:
    """The read calls of one service's S3. Any thread may use it. Every method raises ServiceError and its
    kinds; NotFound if a bucket does not exist."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session
        self._list = _LIST

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
        """The facts about an object, None where there is none of that key. Its `etag` is "" where there is
        none; the names of its metadata are in lower case, whatever the service makes of them."""
        try:
            return self._head(bucket, key)
        except AccessRefused as error:
            if error.code in NO_RIGHTS:  # no body tells missing rights from wrong credentials: GET has one
                next(self.get_object(bucket, key), None)
            raise

    def _head(self, bucket: str, key: str) -> StoredObject | None:
        try:
            with s3_call(self._session, "HeadObject", bucket) as s3:
                answer = s3.head_object(Bucket=bucket, Key=key)
                return StoredObject(
                    key,
                    answer["ContentLength"],
                    str(answer.get("ETag", "")).strip('"'),
                    answer["LastModified"].timestamp(),
                    {name.lower(): value for name, value in answer.get("Metadata", {}).items()},
                )
        except NotFound:  # the answer to HEAD has no body to tell whether the bucket is missing
            return None

    def list_objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with a prefix, in the order of their keys."""
        for page in self._object_pages(bucket, prefix):
            with s3_call(self._session, self._list[1], bucket):
                found = [_read_object(one) for one in page.get("Contents", ())]
            yield from (one for one in found if one.key.startswith(prefix))

    def _object_pages(self, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self._pages(*self._list, bucket, Bucket=bucket, Prefix=prefix)
        try:
            first = next(pages, None)
        except ServiceError as refusal:
            if self._list == _LIST_V2 or not _is_not_offered(refusal):
                raise
            pages = self._pages(*_LIST_V2, bucket, Bucket=bucket, Prefix=prefix)
            try:
                first = next(pages, None)
            except ServiceError:
                raise refusal from None
            self._list = _LIST_V2
        if first is not None:
            yield first
            yield from pages

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
            body = answer["Body"]
        try:
            with s3_call(self._session, "GetObject", bucket):
                _check_start(answer, start)
            while True:
                with s3_call(self._session, "GetObject", bucket):
                    piece = body.read(PIECE_BYTES)
                if not piece:
                    return
                yield piece
        finally:
            body.close()

    def require_bucket(self) -> None:
        """Make sure that the service's bucket for uploads is there, by a call that lists one object of it.
        Credentials that may not list it may still upload."""
        try:
            next(self.list_objects(self.bucket, "extenci/"), None)
        except AccessRefused as error:
            if not is_forbidden(error):
                raise

    def small_object(self, bucket: str, key: str, limit: int) -> SmallObject | None:
        """An object of at most `limit` bytes, of which more are not read; None where there is none of that
        key."""
        try:
            with s3_call(self._session, "GetObject", bucket) as s3:
                answer = s3.get_object(Bucket=bucket, Key=key)
                try:
                    data = answer["Body"].read(limit)
                finally:
                    answer["Body"].close()
                return SmallObject(data, etag_of(answer), _idle_seconds(answer))
        except NotFound as error:
            if error.code == "NoSuchBucket":
                raise
            return None

    def parts(self, bucket: str, key: str, upload: str) -> tuple[StoredPart, ...] | None:
        """The parts that an upload holds, by number; None where the service does not list them, or not for
        these credentials. NotFound where there is no such upload."""
        pages = self._pages("list_parts", "ListParts", bucket, Bucket=bucket, Key=key, UploadId=upload)
        try:
            with s3_call(self._session, "ListParts", bucket):
                return tuple(
                    StoredPart(one["PartNumber"], one.get("ETag", "").strip('"'), one["Size"])
                    for page in pages
                    for one in page.get("Parts", ())
                )
        except ServiceError as error:
            if _is_not_offered(error) or is_forbidden(error):
                return None
            raise

    def multipart_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        """The uploads in parts under way to keys that begin with a prefix; none where the service does not
        list them. Where it was seen to, it has the ability LIST_UPLOADS afterwards. `rclone serve s3` says
        NoSuchUpload where there are none."""
        book = self._session.abilities
        if book.lacks(Ability.LIST_UPLOADS):
            return ()
        try:
            found = self._multipart_uploads(bucket, prefix)
        except ServiceError as error:
            if error.code == NO_UPLOAD:
                return ()
            if book.has(Ability.LIST_UPLOADS) or not may_not_offer(error):
                raise
            if _is_not_offered(error):  # and the service is not just ill
                said = error.code or "no answer of S3"
                book.learn(Ability.LIST_UPLOADS, False, f"ListMultipartUploads: {said}")
            return ()
        book.learn(Ability.LIST_UPLOADS, True, "ListMultipartUploads was answered")
        return found

    def _multipart_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        pages = self._pages(
            "list_multipart_uploads", "ListMultipartUploads", bucket, Bucket=bucket, Prefix=prefix
        )
        with s3_call(self._session, "ListMultipartUploads", bucket):
            return tuple(
                PartUpload(one["Key"], one["UploadId"], one["Initiated"].timestamp())
                for page in pages
                for one in page.get("Uploads", ())
                if one["Key"].startswith(prefix)
            )

    def _pages(self, method: str, call: str, bucket: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        with s3_call(self._session, call, bucket) as s3:
            found = s3.get_paginator(cast("Any", method)).paginate(**parameters)
            pages = bounded_pages(found, self._session.limits)
        while True:
            with s3_call(self._session, call, bucket):
                page = next(pages, None)
                if page is None:
                    return
                _check_page(page)
            yield page


def _idle_seconds(answer: Any) -> float | None:
    """For how many seconds an object has not changed, by the service's own clock."""
    try:
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
        return max(0.0, now - float(answer["LastModified"].timestamp()))
    except (KeyError, ValueError, TypeError):
        return None


def is_forbidden(error: ServiceError) -> bool:
    """Whether an error says that good credentials may not do this. A HEAD has no body that could tell it from
    wrong credentials."""
    return isinstance(error, AccessRefused) and error.code in NO_RIGHTS


def _is_not_offered(error: ServiceError) -> bool:
    """Whether a call is one that the service does not have: it says so, or its answer is none of S3."""
    if isinstance(error, AccessRefused | Throttled | Unreachable):
        return False
    return is_unknown_action(error.code) or not error.code


def _read_object(one: Mapping[str, Any]) -> StoredObject:
    """An `Object` in an answer to ListObjects."""
    etag = one.get("ETag", "").strip('"')
    return StoredObject(one["Key"], one["Size"], etag, one["LastModified"].timestamp())


def _check_page(page: Mapping[str, Any]) -> None:
    """Every listing names its bucket. A well-formed answer from something other than S3 does not; it would be
    taken to say that nothing exists."""
    if not page.get("Name") and not page.get("Bucket"):
        raise ResponseParserError("no bucket")


def _check_start(answer: Any, start: int) -> None:
    """A service that ignores ranges would send the object's beginning instead."""
    if start and not str(answer.get("ContentRange", "")).startswith(f"bytes {start}-"):
        raise ResponseParserError("no ContentRange")

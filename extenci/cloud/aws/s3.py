"""S3: objects, and uploads in parts (Amazon S3 API reference).

What is sent carries its MD5 (`Content-MD5`): every S3 knows that one, Walrus and older gateways no other, and
all of them refuse a body that differs. Likewise objects are listed by ListObjects and deleted one by one: not
every S3 has ListObjectsV2 and DeleteObjects. Buckets are never made here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from botocore.parsers import ResponseParserError

from extenci.cloud.aws.errors import translated
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import NotFound, ServiceError
from extenci.model.s3 import PartUpload, StoredObject, StoredPart

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SMALLEST_PART = 5 * 1024**2
"""Bytes that every part but the last has at least (S3 User Guide, "Amazon S3 multipart upload limits")."""
LARGEST_PART = 5 * 1024**3
MOST_PARTS = 10_000
PIECE_BYTES = 1024**2
"""How much of an object is read at a time."""
DELETIONS = 8
"""Objects that are deleted at once."""
BINARY = "application/octet-stream"

_MD5 = re.compile("[0-9a-f]{32}")


class S3:
    """S3 of one service. Any thread may use it. Every method raises ServiceError and its kinds; NotFound
    where a bucket does not exist."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    @property
    def bucket(self) -> str:
        """The bucket that the service's file names for uploads. ServiceError where it names none."""
        service = self._session.service
        if service.bucket is None:
            raise ServiceError(
                f"The service {service.name} has no bucket to upload to.",
                f"Name one that you may write to as `bucket:` in its file{_named(service.file)}. "
                "extenci makes none by itself.",
                service=service.name,
                code="NoBucket",
            )
        return service.bucket

    def put_object(
        self,
        bucket: str,
        key: str,
        data: bytes | io.RawIOBase,
        *,
        acl: str | None = None,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
        md5: bytes | None = None,
    ) -> str:
        """Store an object (at most 5 GiB), in place of one of the same key; its ETag. `data` and `md5` as of
        `put_part`."""
        more: dict[str, Any] = {"ACL": acl} if acl is not None else {}
        md5 = md5 or _md5(data)
        with self._asking("PutObject", bucket) as s3:
            answer = s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=_body(data),
                ContentMD5=base64.b64encode(md5).decode(),
                ContentType=content_type,
                Metadata=dict(metadata or {}),
                **more,
            )
            self._compare(answer, md5, "PutObject", key)
            return _etag(answer)

    def object_info(self, bucket: str, key: str) -> StoredObject | None:
        """What is known of an object, None where there is none of that key."""
        try:
            with self._asking("HeadObject", bucket) as s3:
                answer = s3.head_object(Bucket=bucket, Key=key)
                return StoredObject(
                    key,
                    answer["ContentLength"],
                    _etag(answer),
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
                    one["Key"], one["Size"], one["ETag"].strip('"'), one["LastModified"].timestamp()
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
        with self._asking("GetObject", bucket) as s3:
            answer = s3.get_object(**asked)
            _check_start(answer, start)
            body = answer["Body"]
        try:
            while True:
                with self._asking("GetObject", bucket):
                    piece = body.read(PIECE_BYTES)
                if not piece:
                    return
                yield piece
        finally:
            body.close()

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with self._asking("DeleteObject", bucket) as s3:
            s3.delete_object(Bucket=bucket, Key=key)

    def delete_objects(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there are no error. The first problem ends it, the calls that
        were made by then excepted."""
        with ThreadPoolExecutor(DELETIONS, thread_name_prefix="delete") as pool:
            for _ in pool.map(lambda key: self.delete_object(bucket, key), keys):
                pass

    # Uploads in parts.

    def start_multipart(
        self, bucket: str, key: str, *, content_type: str = BINARY, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Begin an upload in parts; its id. Two begun for one key are two uploads."""
        with self._asking("CreateMultipartUpload", bucket) as s3:
            answer = s3.create_multipart_upload(
                Bucket=bucket, Key=key, ContentType=content_type, Metadata=dict(metadata or {})
            )
            return str(_expected(answer, "UploadId"))

    def put_part(
        self,
        bucket: str,
        key: str,
        upload: str,
        number: int,
        data: bytes | io.RawIOBase,
        *,
        md5: bytes | None = None,
    ) -> str:
        """Send a part, in place of one of the same number (1 to 10,000); its ETag. `md5` is its MD5 where it
        is known already, 16 raw bytes; `data` may be a file that can be rewound.

        ServiceError where the service stored something else; NotFound where there is no such upload.
        """
        md5 = md5 or _md5(data)
        with self._asking("UploadPart", bucket) as s3:
            answer = s3.upload_part(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=_body(data),
                ContentMD5=base64.b64encode(md5).decode(),
            )
            self._compare(answer, md5, "UploadPart", f"part {number} of {key}")
            return _etag(answer)

    def copy_part(self, bucket: str, key: str, upload: str, number: int, source: str) -> str:
        """Make a part of the whole object `source` of the same bucket, on the service; its ETag."""
        with self._asking("UploadPartCopy", bucket) as s3:
            answer = s3.upload_part_copy(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                CopySource={"Bucket": bucket, "Key": source},
            )
            return _etag(cast("Any", _expected(answer, "CopyPartResult")))

    def parts(self, bucket: str, key: str, upload: str) -> tuple[StoredPart, ...]:
        """The parts that an upload holds, by number. NotFound where there is no such upload."""
        pages = self._pages("list_parts", "ListParts", bucket, Bucket=bucket, Key=key, UploadId=upload)
        return tuple(
            StoredPart(one["PartNumber"], one["ETag"].strip('"'), one["Size"])
            for page in pages
            for one in page.get("Parts", ())
        )

    def complete_multipart(self, bucket: str, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of an upload's parts: their ETags by number. NotFound where there is no such
        upload: never begun, completed already, or ended."""
        parts = [{"PartNumber": number, "ETag": f'"{etags[number]}"'} for number in sorted(etags)]
        with self._asking("CompleteMultipartUpload", bucket) as s3:
            answer = s3.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=cast("Any", {"Parts": parts})
            )
            _expected(answer, "ETag")

    def abort_multipart(self, bucket: str, key: str, upload: str) -> None:
        """End an upload and delete its parts; one that is not there is no error."""
        with suppress(NotFound), self._asking("AbortMultipartUpload", bucket) as s3:
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)

    def multipart_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        """The uploads in parts under way to keys that begin with a prefix."""
        pages = self._pages(
            "list_multipart_uploads", "ListMultipartUploads", bucket, Bucket=bucket, Prefix=prefix
        )
        return tuple(
            PartUpload(one["Key"], one["UploadId"], one["Initiated"].timestamp())
            for page in pages
            for one in page.get("Uploads", ())
        )

    def _pages(self, method: str, call: str, bucket: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        with self._asking(call, bucket) as s3:
            pages = iter(s3.get_paginator(cast("Any", method)).paginate(**parameters))
        while True:
            with self._asking(call, bucket):
                page = next(pages, None)
                if page is None:
                    return
                _check_page(page)
            yield page

    def _compare(self, answer: Any, md5: bytes, call: str, what: str) -> None:
        """ServiceError where something else was stored than was sent, as far as the ETag can tell: it is the
        MD5 unless the service encrypts with keys of KMS or of the customer, and some services have others
        (S3 API reference, `ETag` of Object)."""
        is_encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:kms")
        if is_encrypted or answer.get("SSECustomerAlgorithm") or _etag(answer) == md5.hex():
            return
        if not _MD5.fullmatch(_etag(answer)):
            return
        service = self._session.service.name
        raise ServiceError(
            f"The service {service} stored something else than was sent as {what}.",
            "Apply again. If it happens again, something on the way changes what is sent.",
            service=service,
            call=call,
        )

    @contextmanager
    def _asking(self, call: str, bucket: str) -> Iterator[S3Client]:
        client: S3Client = self._session.client("s3")
        session, service = self._session, self._session.service
        try:
            with translated(service.name, call, session.address("s3"), session.hidden()):
                try:
                    yield client
                except KeyError as error:
                    raise ResponseParserError(f"no {error}") from None
        except NotFound as error:
            if error.code == "NoSuchBucket":
                error.hint = f"Make the bucket {bucket}, or name another as `bucket:`{_named(service.file)}."
            raise


def _named(file: str) -> str:
    return f" ({file})" if file else ""


def _body(data: bytes | io.RawIOBase) -> Any:
    """A body as a file: of bytes, the SDK would have to send all within the time that a connection may take
    to be made (socket.sendall, "the maximum total duration")."""
    return io.BytesIO(data) if isinstance(data, bytes) else data


def _md5(data: bytes | io.RawIOBase) -> bytes:
    md5 = hashlib.md5(usedforsecurity=False)
    if isinstance(data, bytes):
        md5.update(data)
        return md5.digest()
    while piece := data.read(PIECE_BYTES):
        md5.update(piece)
    data.seek(0)
    return md5.digest()


def _etag(answer: Any) -> str:
    return str(_expected(answer, "ETag")).strip('"')


def _expected(answer: Any, name: str) -> object:
    """A part that every answer to a call has; what answers without it is no S3."""
    if answer.get(name) in (None, ""):
        raise ResponseParserError(f"no {name}")
    return answer[name]


def _check_page(page: Mapping[str, Any]) -> None:
    """Every list tells its bucket. Something else than S3 that is well-formed would say: there is nothing."""
    if not page.get("Name") and not page.get("Bucket"):
        raise ResponseParserError("no bucket")


def _check_start(answer: Any, start: int) -> None:
    """A service that ignores ranges would give the beginning for the end."""
    if start and not str(answer.get("ContentRange", "")).startswith(f"bytes {start}-"):
        raise ResponseParserError("no ContentRange")

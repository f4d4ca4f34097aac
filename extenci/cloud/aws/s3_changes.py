"""S3's changing calls: objects and multipart uploads (Amazon S3 API reference).

Only `extenci.cloud.journalled` makes them, and journals each first.

Each body is sent with its MD5 (`Content-MD5`), since every S3 checks that and refuses a body that differs;
Walrus and older gateways have no other checksum. Objects are deleted one by one, since not every S3 has
DeleteObjects. Buckets are never created here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, cast

from extenci.cloud.aws.calls import etag_of, expected, s3_call
from extenci.cloud.aws.s3 import PIECE_BYTES
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import NotFound, ServiceError

SMALLEST_PART = 5 * 1024**2
"""The fewest bytes of every part but the last (S3 User Guide, "Amazon S3 multipart upload limits")."""
LARGEST_PART = 5 * 1024**3
MOST_PARTS = 10_000
DELETIONS = 8
"""The objects that are deleted at a time."""
BINARY = "application/octet-stream"

_MD5 = re.compile("[0-9a-f]{32}")


class S3Changes:
    """The changing calls of one service's S3. Any thread may use it. Every method raises ServiceError and its
    kinds; NotFound if a bucket does not exist."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

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
        """Store an object (at most 5 GiB), replacing one with the same key; its ETag. `data` and `md5` as for
        `put_part`."""
        more: dict[str, Any] = {"ACL": acl} if acl is not None else {}
        md5 = md5 or _md5(data)
        with s3_call(self._session, "PutObject", bucket) as s3:
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
            return etag_of(answer)

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object; one that does not exist is no error."""
        with s3_call(self._session, "DeleteObject", bucket) as s3:
            s3.delete_object(Bucket=bucket, Key=key)

    def delete_objects(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects; those that do not exist are no error. After the first error no other call is
        begun, and the error is raised once those under way have ended."""
        with ThreadPoolExecutor(DELETIONS, thread_name_prefix="delete") as pool:
            for _ in pool.map(lambda key: self.delete_object(bucket, key), keys):
                pass

    def start_multipart(
        self, bucket: str, key: str, *, content_type: str = BINARY, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Begin a multipart upload; its id. Each call begins another upload, even with the same key."""
        with s3_call(self._session, "CreateMultipartUpload", bucket) as s3:
            answer = s3.create_multipart_upload(
                Bucket=bucket, Key=key, ContentType=content_type, Metadata=dict(metadata or {})
            )
            return str(expected(answer, "UploadId"))

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
        """Send a part, replacing one with the same number (1 to 10,000); its ETag. `md5` is its MD5 (16 raw
        bytes), if it is known already; `data` may be a file that can be rewound.

        ServiceError if the service stored other bytes; NotFound if there is no such upload.
        """
        md5 = md5 or _md5(data)
        with s3_call(self._session, "UploadPart", bucket) as s3:
            answer = s3.upload_part(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=_body(data),
                ContentMD5=base64.b64encode(md5).decode(),
            )
            self._compare(answer, md5, "UploadPart", f"part {number} of {key}")
            return etag_of(answer)

    def copy_part(self, bucket: str, key: str, upload: str, number: int, source: str) -> str:
        """Have the service copy the whole object `source` of the same bucket into a part; its ETag."""
        with s3_call(self._session, "UploadPartCopy", bucket) as s3:
            answer = s3.upload_part_copy(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                CopySource={"Bucket": bucket, "Key": source},
            )
            return etag_of(cast("Any", expected(answer, "CopyPartResult")))

    def complete_multipart(self, bucket: str, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of an upload's parts. `etags` are their ETags by number. NotFound if there is no
        such upload: it was never begun, or is completed or aborted already."""
        parts = [{"PartNumber": number, "ETag": f'"{etags[number]}"'} for number in sorted(etags)]
        with s3_call(self._session, "CompleteMultipartUpload", bucket) as s3:
            answer = s3.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=cast("Any", {"Parts": parts})
            )
            expected(answer, "ETag")

    def abort_multipart(self, bucket: str, key: str, upload: str) -> None:
        """Abort an upload and delete its parts; one that does not exist is no error."""
        with suppress(NotFound), s3_call(self._session, "AbortMultipartUpload", bucket) as s3:
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)

    def _compare(self, answer: Any, md5: bytes, call: str, what: str) -> None:
        """ServiceError if the service stored other bytes than were sent, as far as the ETag can tell. It is
        the MD5 unless the object is encrypted with a key from KMS or the customer; some services use other
        ETags (S3 API reference, `ETag` of Object)."""
        is_encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:kms")
        if is_encrypted or answer.get("SSECustomerAlgorithm") or etag_of(answer) == md5.hex():
            return
        if not _MD5.fullmatch(etag_of(answer)):
            return
        service = self._session.service.name
        raise ServiceError(
            f"The service {service} stored other bytes than were sent as {what}.",
            "Apply again. If it happens again, something between here and the service changes the data.",
            service=service,
            call=call,
        )


def _body(data: bytes | io.RawIOBase) -> Any:
    """The body as a file. If it were bytes, all of them would have to be sent within the connect timeout
    (socket.sendall: "the maximum total duration")."""
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

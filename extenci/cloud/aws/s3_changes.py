"""S3's changing calls: objects and multipart uploads (Amazon S3 API reference).

Only `extenci.cloud.journalled` makes them, and journals each first.

Each body is sent with its MD5 (`Content-MD5`), since every S3 checks that and refuses a body that differs;
Walrus and older gateways have no other checksum. Objects are deleted one by one, since not every S3 has
DeleteObjects. Buckets are never created here.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, cast

from botocore.parsers import ResponseParserError

from extenci.cloud.aws.calls import etag_of, expected, s3_call
from extenci.cloud.aws.error_codes import is_unknown_action
from extenci.cloud.aws.s3 import S3
from extenci.cloud.aws.s3_bodies import body_of, md5_of, size_of
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability
from extenci.model.errors import NotFound, ServiceError

SMALLEST_PART = 5 * 1024**2
"""The fewest bytes of every part but the last (S3 User Guide, "Amazon S3 multipart upload limits")."""
LARGEST_PART = 5 * 1024**3
MOST_PARTS = 10_000
DELETIONS = 8
"""Objects that are deleted at once."""
NO_CONTENT = 204
"""The status by which S3 says that an object is gone (S3 API reference, DeleteObject)."""
BINARY = "application/octet-stream"
_ACL_REFUSED = frozenset(
    ("AccessControlListNotSupported", "AccessDenied", "InvalidArgument", "InvalidParameter", "InvalidRequest",
     "MalformedACLError", "MethodNotAllowed", "NotImplemented", "NotSupported", "UnsupportedAcl",
     "UnsupportedOperation", "400", "403", "405", "501")
)  # fmt: skip
"""Codes by which a bucket refuses an ACL: AWS's buckets without ACLs, Ceph before Reef, and S3 servers that
know none. AccessDenied where the credentials may store objects but set no ACL."""

_CONDITION_FAILED = frozenset(("PreconditionFailed", "ConditionalRequestConflict", "412", "409"))
"""How S3 says that the condition of a write does not hold (S3 User Guide, "Conditional writes")."""

_MD5 = re.compile("[0-9a-f]{32}")


class S3Changes:
    """The changing calls of one service's S3. Any thread may use it. Every method raises ServiceError and its
    kinds; NotFound if a bucket does not exist."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session
        self._reads = S3(session)

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
        asked = {"ContentType": content_type, "Metadata": dict(metadata or {})}
        md5, size, book = md5 or md5_of(data), size_of(data), self._session.abilities
        if acl is None or book.lacks(Ability.S3_ACL):
            return self._put(bucket, key, data, md5, size, asked)
        try:
            etag = self._put(bucket, key, data, md5, size, {**asked, "ACL": acl})
        except ServiceError as refusal:
            if book.is_given(Ability.S3_ACL) or refusal.code not in _ACL_REFUSED:
                raise
            etag = self._put(bucket, key, data, md5, size, asked)
            book.learn(Ability.S3_ACL, False, f"PutObject with an ACL: {refusal.code}")
            return etag
        book.learn(Ability.S3_ACL, True, "PutObject with an ACL was done")
        return etag

    def _put(
        self,
        bucket: str,
        key: str,
        data: bytes | io.RawIOBase,
        md5: bytes,
        size: int,
        asked: Mapping[str, Any],
    ) -> str:
        with s3_call(self._session, "PutObject", bucket) as s3:
            answer = s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=body_of(data),
                ContentMD5=base64.b64encode(md5).decode(),
                **asked,
            )
        if not answer.get("ETag"):
            return self._confirmed(bucket, key, size, "PutObject")
        self._compare(answer, md5, "PutObject", key)
        return etag_of(answer)

    def put_new_object(self, bucket: str, key: str, data: bytes) -> str | None:
        """Store an object unless there is one of that key; its ETag, None where there is one. Services that
        ignore conditions replace it."""
        return self._put_if(bucket, key, data, IfNoneMatch="*")

    def replace_object(self, bucket: str, key: str, data: bytes, etag: str) -> str | None:
        """Store an object in the place of the one with an ETag; its own ETag, None where there is no such
        one any more. Services that ignore conditions on writing are asked for the ETag before."""
        found = self._reads.object_info(bucket, key)
        if found is None or found.etag != etag:
            return None
        return self._put_if(bucket, key, data, IfMatch=f'"{etag}"')

    def _put_if(self, bucket: str, key: str, data: bytes, **condition: str) -> str | None:
        try:
            return self._put(bucket, key, data, md5_of(data), len(data), condition)
        except ServiceError as error:
            if error.code in _CONDITION_FAILED:
                return None
            raise

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object; one that does not exist is no error."""
        with s3_call(self._session, "DeleteObject", bucket) as s3:
            answer = s3.delete_object(Bucket=bucket, Key=key)
        if not _is_of_s3(answer) and self._reads.object_info(bucket, key) is not None:
            raise self._no_answer("DeleteObject", bucket, "the object is still there")

    def delete_objects(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects; those that do not exist are no error. After the first error no other call is
        begun, and the error is raised once those under way have ended."""
        with ThreadPoolExecutor(DELETIONS, thread_name_prefix="delete") as pool:
            for _ in pool.map(lambda key: self.delete_object(bucket, key), keys):
                pass

    def start_multipart(
        self, bucket: str, key: str, *, content_type: str = BINARY, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Begin a multipart upload; its id. Each call begins another upload, even with the same key. Where
        the service has none, it lacks the ability MULTIPART afterwards."""
        book = self._session.abilities
        try:
            with s3_call(self._session, "CreateMultipartUpload", bucket) as s3:
                answer = s3.create_multipart_upload(
                    Bucket=bucket, Key=key, ContentType=content_type, Metadata=dict(metadata or {})
                )
                upload = str(expected(answer, "UploadId"))
        except ServiceError as error:
            if is_unknown_action(error.code):
                book.learn(Ability.MULTIPART, False, f"CreateMultipartUpload: {error.code}")
            raise
        book.learn(Ability.MULTIPART, True, "CreateMultipartUpload was done")
        return upload

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
        """Send a part, replacing one with the same number (1 to 10,000); its ETag. `md5` is its MD5 where it
        is known already, 16 raw bytes; `data` may be a file that can be rewound. Where the service says no
        ETag, it is looked up, or the MD5 in hex where that cannot be.

        ServiceError if the service stored other bytes; NotFound if there is no such upload.
        """
        md5 = md5 or md5_of(data)
        with s3_call(self._session, "UploadPart", bucket) as s3:
            answer = s3.upload_part(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=body_of(data),
                ContentMD5=base64.b64encode(md5).decode(),
            )
        if not answer.get("ETag"):
            return self._listed_etag(bucket, key, upload, number, md5, answer)
        self._compare(answer, md5, "UploadPart", f"part {number} of {key}")
        return etag_of(answer)

    def copy_part(
        self, bucket: str, key: str, upload: str, number: int, source: str, *, md5: bytes | None = None
    ) -> str:
        """Make a part of the whole object `source` of the same bucket, on the service; its ETag. `md5` is
        that of the object, where it is known: ServiceError where the part is something else."""
        with s3_call(self._session, "UploadPartCopy", bucket) as s3:
            answer = s3.upload_part_copy(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                CopySource={"Bucket": bucket, "Key": source},
            )
            result = cast("Any", expected(answer, "CopyPartResult"))
            etag = etag_of(result)
        if md5 is not None:
            self._compare({**answer, "ETag": etag}, md5, "UploadPartCopy", f"part {number} of {key}")
        return etag

    def complete_multipart(self, bucket: str, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of an upload's parts. `etags` are their ETags by number. NotFound if there is no
        such upload: it was never begun, or is completed or aborted already."""
        parts = [{"PartNumber": number, "ETag": f'"{etags[number]}"'} for number in sorted(etags)]
        with s3_call(self._session, "CompleteMultipartUpload", bucket) as s3:
            answer = s3.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=cast("Any", {"Parts": parts})
            )
        if not answer.get("ETag"):
            self._confirmed(bucket, key, None, "CompleteMultipartUpload")

    def abort_multipart(self, bucket: str, key: str, upload: str) -> None:
        """Abort an upload and delete its parts; one that does not exist is no error."""
        with suppress(NotFound):
            with s3_call(self._session, "AbortMultipartUpload", bucket) as s3:
                answer = s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
            if not _is_of_s3(answer):
                self._reads.parts(bucket, key, upload)  # NotFound where it is gone
                raise self._no_answer("AbortMultipartUpload", bucket, "the upload may be there still")

    def _listed_etag(self, bucket: str, key: str, upload: str, number: int, md5: bytes, answer: Any) -> str:
        """The ETag of a part whose sending was answered without one."""
        parts = self._reads.parts(bucket, key, upload)
        if parts is None:
            if _is_of_s3(answer):
                return md5.hex()
            raise self._no_answer("UploadPart", bucket, "no ETag")
        found = next((part for part in parts if part.number == number), None)
        if found is None:
            raise self._no_answer("UploadPart", bucket, "no such part")
        return found.etag or md5.hex()

    def _no_answer(self, call: str, bucket: str, problem: str) -> ServiceError:
        """The error of an answer that does not come from S3."""
        try:
            with s3_call(self._session, call, bucket):
                raise ResponseParserError(problem)
        except ServiceError as error:
            return error

    def _confirmed(self, bucket: str, key: str, size: int | None, call: str) -> str:
        """The ETag, or "", of an object whose storing was answered without one: it is looked for, since
        something else than S3 may have answered. ServiceError where it is not there, or not of that size."""
        found = self._reads.object_info(bucket, key)
        if found is None or size not in (None, found.size):
            raise self._no_answer(call, bucket, "no ETag")
        return found.etag

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
            f"The service {service} stored other data than was sent as {what}.",
            "Apply again. If it happens again, something between here and the service changes the data.",
            service=service,
            call=call,
        )


def _is_of_s3(answer: Any) -> bool:
    """Whether an empty answer is S3's: by its status, or its id (S3 API reference, "Common response
    headers"). A web page has status 200 and no such id."""
    said = answer["ResponseMetadata"]
    return said["HTTPStatusCode"] == NO_CONTENT or bool(said.get("RequestId"))

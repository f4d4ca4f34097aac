"""S3 servers that are not AWS's: quirks of object stores."""

from __future__ import annotations

import re

from tests.matrix.proxies.http import Answer, Call, Quirk, s3_error


class UploadLedger(Quirk):
    """Keeps the uploads that were begun, and neither completed nor aborted, where nobody lists them."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}

    def unfinished(self) -> tuple[str, ...]:
        """Their keys."""
        return tuple(self._open.values())

    def after(self, call: Call, answer: Answer) -> Answer:
        done = call.service == "s3" and answer.status < 300
        if done and call.method == "POST" and "uploads" in call.query:
            made = re.search(rb"<UploadId>([^<]+)</UploadId>", answer.body)
            self._open[made[1].decode() if made else ""] = call.path
        elif done and call.method in ("POST", "DELETE") and "uploadId" in call.query:
            self._open.pop(call.query["uploadId"][0], None)
        return answer


class NoUploadList(Quirk):
    """ListMultipartUploads is not there."""

    def __init__(self, status: int, code: str) -> None:
        self._status, self._code = status, code

    def before(self, call: Call) -> Answer | None:
        if call.service == "s3" and call.method == "GET" and "uploads" in call.query:
            return s3_error(
                self._status, self._code, "A header you provided implies functionality not there."
            )
        return None


class EmptyEtag(Quirk):
    """CompleteMultipartUpload answers an empty ETag, as Ceph's RGW before Reef."""

    def after(self, call: Call, answer: Answer) -> Answer:
        if call.service == "s3" and call.method == "POST" and "uploadId" in call.query:
            answer.body = re.sub(rb"<ETag>[^<]*</ETag>", b"<ETag></ETag>", answer.body)
            answer.headers = [(name, value) for name, value in answer.headers if name.lower() != "etag"]
        return answer


class NoAcl(Quirk):
    """A bucket without ACLs: AWS's default for new ones since April 2023."""

    def before(self, call: Call) -> Answer | None:
        if call.service != "s3":
            return None
        acl = any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name in call.headers)
        if acl or (call.method == "PUT" and "acl" in call.query):
            return s3_error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
        return None

"""Whether an answer is what its API promises: XML or JSON, whole.

The SDK would parse what is not, and give up. Here it counts as an answer that got lost, which the SDK asks
for again.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.parsers import expat

from botocore.exceptions import HTTPClientError

MOST_ROOT_BYTES = 1000
"""Where the name of an answer's element stands. It is the call's, also where an emulator has no requestId."""
MOST_ELEMENTS = 400_000
"""The most elements of an answer, for each of which the SDK takes up to 300 bytes of memory: 1,000 machines
with 50 tags have 320,000."""
_WEB_PAGE = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_FOUND = frozenset((404, 410))
BUCKET_REGION = "x-amz-bucket-region"
"""Where a bucket is. The SDK asks HeadBucket for it when it is redirected, and would do so without end where
that is redirected, too."""
_NO_BODY = frozenset((204, 304))
_REDIRECTIONS = frozenset((301, 302, 307))
_S3_BODIES = frozenset(("CreateMultipartUpload", "CompleteMultipartUpload", "UploadPartCopy"))
"""S3's changing calls whose answers have a body."""
_EBS_BODIES = frozenset(("ListSnapshotBlocks", "StartSnapshot", "CompleteSnapshot"))
_FORMATS = {"ec2": "EC2's XML", "s3": "an answer of S3", "ebs": "EBS's JSON"}


class UnreadableBody(HTTPClientError):
    """The body of an answer is not what its API promises; `problem` says so, after "answered CALL"."""

    fmt = "{problem}"

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)
        self.problem = problem


def check_readable(api: str, call: str, method: str, response: Any) -> None:
    """UnreadableBody if an answer (the SDK's AWSResponse) to a call of an API is cut, or is not of that API.
    Errors are left to the parser, except for web pages that say that the address does not exist: they would
    be taken to say that of the resource."""
    body, status = response.content, response.status_code
    if method != "HEAD" and status not in _NO_BODY:
        _check_length(body, response.headers.get("Content-Length", ""))
    if call == "HeadBucket" and status in _REDIRECTIONS and BUCKET_REGION not in response.headers:
        raise UnreadableBody("with a redirection that does not say where the bucket is")
    is_success = status < 300
    if (is_success or status in _NOT_FOUND) and _WEB_PAGE.match(body):
        raise UnreadableBody(f"with a web page, not with {_FORMATS.get(api, 'an answer of its API')}")
    if is_success and api == "ec2":
        _check_xml(body)
        if b"requestId" not in body and f"{call}Response".encode() not in body[:MOST_ROOT_BYTES]:
            raise UnreadableBody("with XML that is not EC2's: it has no requestId")
    elif is_success and api == "s3" and (call in _S3_BODIES or call.startswith("List")):
        _check_xml(body)
    elif is_success and api == "ebs" and (body or call in _EBS_BODIES):
        _check_json(body)


def check_stream(response: Any) -> None:
    """UnreadableBody if an answer whose body is still to be read says a length that is none: the SDK compares
    it at the end."""
    said = response.headers.get("Content-Length", "0")
    if not (said.isascii() and said.isdigit() and len(said) < 20):
        raise UnreadableBody("with a length that is no number")


def _check_length(body: bytes, said: str) -> None:
    """urllib3 checks no length for the SDK, and a cut text may still be a text."""
    if said.isascii() and said.isdigit() and len(said) < 20 and len(body) < int(said):
        raise UnreadableBody(f"with {len(body):,} of {int(said):,} bytes")


def _check_xml(body: bytes) -> None:
    if body.count(b"<") - body.count(b"</") > MOST_ELEMENTS:
        raise UnreadableBody("with more XML than any such answer can have")
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise UnreadableBody("with XML that is cut or damaged" if body else "with nothing") from None


def _refuse_document_type(*_: object) -> None:
    """No service declares one. Its entities could grow without end."""
    raise UnreadableBody("with XML that is not of its API: it declares a document type")


def _check_json(body: bytes) -> None:
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        raise UnreadableBody("with JSON that is cut or damaged" if body else "with nothing") from None
    if not is_object:
        raise UnreadableBody("with JSON that is not EBS's")

"""S3, by moto, path style. Objects live in moto's temporary files and end with the sandbox."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from moto.core.routing import get_service_router
from moto.s3.models import FakeKey, s3_backends
from moto.s3.responses import S3Response
from werkzeug.exceptions import NotFound

from extenci.model.services import SANDBOX_BUCKET
from extenci.sandbox.access import Access, access_key
from extenci.sandbox.cloud import ACCOUNT, REGION
from extenci.sandbox.gateway import Call
from extenci.sandbox.listener import Answer, Request
from extenci.sandbox.moto_request import moto_request
from extenci.sandbox.query import read_query

_LOCK = threading.Lock()
"""moto's S3 is not safe for threads either. Never take Cloud.lock while holding this."""


def find_object(bucket: str, key: str) -> FakeKey | None:
    backend = s3_backends[ACCOUNT]["aws"]
    with _LOCK:
        if bucket not in backend.buckets:
            return None
        return backend.get_object(bucket, key)


def object_exists(bucket: str, key: str) -> bool:
    return find_object(bucket, key) is not None


class S3Service:
    """The listener for S3."""

    name = "s3"

    def __init__(self) -> None:
        s3_backends[ACCOUNT]["aws"].create_bucket(SANDBOX_BUCKET, REGION)

    def read(self, request: Request) -> Call:
        parameters = read_query(request.query)
        return Call(
            action=_action(request),
            changes=request.method not in ("GET", "HEAD", "OPTIONS"),
            key=access_key(request.headers, parameters),
            parameters=parameters,
        )

    def answer(self, request: Request, call: Call) -> Answer:  # noqa: ARG002
        if not _is_whole(request):
            return _error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        asked = moto_request(request, "s3")
        bucket, _, key = request.path.lstrip("/").partition("/")
        respond = S3Response.key_dispatch if key else S3Response.ambiguous_dispatch
        if not bucket:
            respond = S3Response.bucket_dispatch
        with _LOCK:
            status, headers, body = respond(asked, asked.raw_url, dict(asked.headers))
        content = body.encode() if isinstance(body, str) else bytes(body)
        return Answer(int(status), _sendable(headers), content, _error_code(int(status), content))

    def refuse(self, access: Access, call: Call) -> Answer:  # noqa: ARG002
        """As S3 does (API reference, "Error responses")."""
        if access is Access.DENIED:
            message = "The AWS Access Key Id you provided does not exist in our records."
            return _error(403, "InvalidAccessKeyId", message)
        return _error(403, "AccessDenied", "Access Denied")

    def fail(self, message: str) -> Answer:
        return _error(500, "InternalError", message)


def _action(request: Request) -> str:
    """The API's name for it, from the service model; else the method."""
    try:
        operation, _ = get_service_router("s3").match(moto_request(request, "s3", body=b""))
    except (NotFound, NotImplementedError):
        return request.method
    return str(operation.name)


def _is_whole(request: Request) -> bool:
    """Whether the body has the MD5 that it was sent with (moto does not look)."""
    sent = request.headers.get("content-md5")
    found = hashlib.md5(request.body, usedforsecurity=False).digest()
    return sent is None or sent == base64.b64encode(found).decode()


def _sendable(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items() if value is not None}


def _error_code(status: int, body: bytes) -> str:
    if status < 400:
        return ""
    found = re.search(rb"<Code>([^<]*)</Code>", body[:4096])
    return found[1].decode("utf-8", "replace") if found else str(status)


def _error(status: int, code: str, message: str) -> Answer:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
        "<RequestId>sandbox</RequestId></Error>"
    )
    return Answer(status, {"Content-Type": "application/xml"}, body.encode(), code)

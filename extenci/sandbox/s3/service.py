"""S3, path style: moto's, but that the bytes of objects and the parts of uploads are files, which end with
the sandbox.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from moto.core.routing import get_service_router
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response
from werkzeug.exceptions import NotFound

from extenci.model.service import SANDBOX_BUCKET
from extenci.sandbox.http.access import KeyAccess, access_key
from extenci.sandbox.http.bodies import StoredBody, decode_chunks, store_pieces
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.http.query import read_query
from extenci.sandbox.http.service import Call
from extenci.sandbox.s3.uploads import Joined, S3Error, Uploads, copy_source
from extenci.sandbox.state.cloud import ACCOUNT, REGION
from extenci.sandbox.state.moto_request import moto_request
from extenci.sandbox.state.objects import (
    OBJECTS_LOCK,
    Unsatisfiable,
    content_of,
    fill,
    fill_with_body,
    find_key,
    find_object,
    pieces_of,
    read_range,
)

UPLOAD_ACTIONS = frozenset(
    ("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload",
     "AbortMultipartUpload", "ListParts", "ListMultipartUploads")
)  # fmt: skip
_OF_THE_REQUEST = frozenset(
    ("content-length", "content-md5", "expect", "x-amz-content-sha256", "x-amz-date", "host", "authorization")
)

_OF_CHUNKS = frozenset(
    ("content-encoding", "content-length", "x-amz-content-sha256", "x-amz-decoded-content-length",
     "x-amz-trailer")
)  # fmt: skip


class S3Service:
    """The listener for S3. `folder` is where the bytes of objects lie."""

    name = "s3"

    def __init__(self, folder: Path) -> None:
        self._uploads = Uploads(folder)
        s3_backends[ACCOUNT]["aws"].create_bucket(SANDBOX_BUCKET, REGION)

    def read(self, request: HttpRequest) -> Call:
        parameters = read_query(request.query)
        return Call(
            action=_action(request),
            changes=request.method not in ("GET", "HEAD", "OPTIONS"),
            key=access_key(request.headers, parameters),
            parameters=parameters,
        )

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        request = _plain(request)
        if not _is_whole(request):
            return s3_error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        try:
            done = self._upload(request, call)
        except S3Error as refused:
            return s3_error(refused.status, refused.code, refused.message)
        if done is not None:
            return done
        match call.action:
            case "PutObject" if request.file is not None or _looks_like_a_form(request):
                return _put_object(request, self._body(request))
            case "GetObject" if (answer := _get_object(request)) is not None:
                return answer
            case _:
                return _ask_moto(request)

    def _upload(self, request: HttpRequest, call: Call) -> HttpResponse | None:  # noqa: PLR0911 - one return a case
        """Answer what concerns uploads in parts; None: it is something else."""
        bucket, key = _place(request)
        uploads, query, headers = self._uploads, call.parameters, request.headers
        if call.action in UPLOAD_ACTIONS:
            _require_bucket(bucket)
        match call.action:
            case "CreateMultipartUpload":
                return _xml(uploads.create(bucket, key, headers))
            case "UploadPart":
                return HttpResponse(
                    200, {"ETag": f'"{uploads.put(bucket, key, query, self._body(request))}"'}
                )
            case "UploadPartCopy":
                source = find_object(*copy_source(headers))
                if source is None:
                    raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
                return _xml(uploads.copy(bucket, key, query, headers, source))
            case "CompleteMultipartUpload":
                return _xml(uploads.complete(bucket, key, query, _content(request), _make_object))
            case "AbortMultipartUpload":
                uploads.abort(bucket, key, query)
                return HttpResponse(204)
            case "ListParts":
                return _xml(uploads.list_parts(bucket, key, query))
            case "ListMultipartUploads":
                return _xml(uploads.list_uploads(bucket, query))
            case _:
                return None

    def _body(self, request: HttpRequest) -> StoredBody:
        return request.file or store_pieces([_content(request)], self._uploads.folder)

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:  # noqa: ARG002
        """Refuse as S3 does (API reference, "Error responses")."""
        if access is KeyAccess.DENIED:
            message = "The AWS Access Key Id you provided does not exist in our records."
            return s3_error(403, "InvalidAccessKeyId", message)
        return s3_error(403, "AccessDenied", "Access Denied")

    def fail(self, message: str) -> HttpResponse:
        return s3_error(500, "InternalError", message)


def _ask_moto(request: HttpRequest) -> HttpResponse:
    asked = moto_request(request, "s3", body=_content(request))
    bucket, key = _place(request)
    respond = S3Response.key_dispatch if key else S3Response.ambiguous_dispatch
    if not bucket:
        respond = S3Response.bucket_dispatch
    with OBJECTS_LOCK:
        status, headers, body = respond(asked, asked.raw_url, dict(asked.headers))
    content = body.encode() if isinstance(body, str) else bytes(body)
    return HttpResponse(int(status), _sendable(headers), content, _error_code(int(status), content))


def _put_object(request: HttpRequest, body: StoredBody) -> HttpResponse:
    """moto puts an empty object, with its headers; then it gets its bytes."""
    answer = _ask_moto(replace(request, file=None, body=b""))
    if answer.status != 200:
        return answer
    with OBJECTS_LOCK:
        key = find_key(*_place(request))
        if key is not None:
            fill_with_body(key, body)
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "etag"}
    return replace(answer, headers={**headers, "ETag": f'"{body.md5.hex()}"'})


def _make_object(joined: Joined) -> None:
    """The same of an upload's parts."""
    upload = joined.upload
    path = f"/{quote(upload.bucket)}/{quote(upload.key)}"
    headers = {name: value for name, value in upload.headers.items() if name not in _OF_THE_REQUEST}
    answer = _ask_moto(HttpRequest("PUT", path, "", headers))
    if answer.status != 200:
        raise S3Error(answer.status, answer.code or "InternalError", "The object could not be made.")
    with OBJECTS_LOCK:
        key = find_key(upload.bucket, upload.key)
        if key is not None:
            fill(key, joined.bodies, joined.etag)


def _get_object(request: HttpRequest) -> HttpResponse | None:
    """An object whose bytes are in files, piece by piece; None: moto gives it, or says why not."""
    key = find_object(*_place(request))
    if key is None or content_of(key) is None:
        return None
    headers = {name: value for name, value in request.headers.items() if name != "range"}
    head = _ask_moto(replace(request, method="HEAD", headers=headers))
    if head.status != 200:
        return None
    try:
        asked = read_range(request.headers.get("range", ""), key.size)
    except Unsatisfiable:
        return s3_error(416, "InvalidRange", "The requested range is not satisfiable")
    start, end = asked or (0, key.size)
    dropped = ("content-length", "x-amz-checksum") if asked else ("content-length",)
    named = {name: value for name, value in head.headers.items() if not name.lower().startswith(dropped)}
    named["Content-Length"] = str(end - start)
    if asked is not None:
        named["Content-Range"] = f"bytes {start}-{end - 1}/{key.size}"
    return HttpResponse(206 if asked else 200, named, pieces=pieces_of(key, start, end))


def _looks_like_a_form(request: HttpRequest) -> bool:
    """What curl and Python's urllib say of any body. moto reads such a one as a form, and stores nothing."""
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _plain(request: HttpRequest) -> HttpRequest:
    """A request whose body is the object's, not `aws-chunked`; its trailing headers are among the others.

    moto would decode it once more, and keep the encoding. In the source of a copy, `+` is a blank, as in a
    query (Terraform writes it so).
    """
    headers, body = dict(request.headers), request.body
    if "x-amz-copy-source" in headers:
        headers["x-amz-copy-source"] = headers["x-amz-copy-source"].replace("+", "%20")
    encodings = [one.strip() for one in headers.get("content-encoding", "").split(",")]
    if "aws-chunked" in encodings:
        body, trailers = decode_chunks(body)
        headers = {name: value for name, value in headers.items() if name not in _OF_CHUNKS}
        if kept := [one for one in encodings if one != "aws-chunked"]:
            headers["content-encoding"] = ",".join(kept)
        headers |= {name: value for name, value in trailers.items() if name.startswith("x-amz-checksum-")}
    return replace(request, headers=headers, body=body)


def _place(request: HttpRequest) -> tuple[str, str]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    return bucket, unquote(key)


def _content(request: HttpRequest) -> bytes:
    """The body in memory."""
    return request.file.read() if request.file is not None else request.body


def _require_bucket(bucket: str) -> None:
    if bucket not in s3_backends[ACCOUNT]["aws"].buckets:
        raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist")


def _xml(body: str) -> HttpResponse:
    return HttpResponse(200, {"Content-Type": "application/xml"}, body.encode())


def _action(request: HttpRequest) -> str:
    """The API's name for it, from the service model; else the method."""
    try:
        operation, _ = get_service_router("s3").match(moto_request(request, "s3", body=b""))
    except (NotFound, NotImplementedError):
        return request.method
    return str(operation.name)


def _is_whole(request: HttpRequest) -> bool:
    """Whether the body has the MD5 that it was sent with (moto does not look)."""
    sent = request.headers.get("content-md5")
    if sent is None:
        return True
    if request.file is not None:
        found = request.file.md5
    else:
        found = hashlib.md5(request.body, usedforsecurity=False).digest()
    return sent == base64.b64encode(found).decode()


def _sendable(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items() if value is not None}


def _error_code(status: int, body: bytes) -> str:
    if status < 400:
        return ""
    found = re.search(rb"<Code>([^<]*)</Code>", body[:4096])
    return found[1].decode("utf-8", "replace") if found else str(status)


def s3_error(status: int, code: str, message: str) -> HttpResponse:
    """An error as S3 writes it (API reference, "REST error responses")."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
        "<RequestId>sandbox</RequestId></Error>"
    )
    return HttpResponse(status, {"Content-Type": "application/xml"}, body.encode(), code)

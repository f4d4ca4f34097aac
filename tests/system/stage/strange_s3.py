"""S3 servers that differ from Amazon's: a proxy before the sandbox's S3 that answers some calls otherwise."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from extenci.sandbox.http.listener import HttpRequest, HttpResponse, Listener

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "expect"}
PAGE = HttpResponse(200, {"Content-Type": "text/html"}, b"<html><body><h1>Welcome</h1></body></html>")

Forward = Callable[[], HttpResponse]
Strangeness = Callable[[str, HttpRequest, Forward], HttpResponse]
"""Answers a call of S3, given its name and the request, by itself or with what the sandbox answers."""


@contextmanager
def strange_s3(upstream: str, strangeness: Strangeness) -> Iterator[str]:
    """The URL of a strange S3 in front of a sound one."""
    netloc = urlsplit(upstream).netloc

    def serve(request: HttpRequest) -> HttpResponse:
        return strangeness(call_of(request), request, lambda: forward(netloc, request))

    with Listener(0, serve) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.port}"
        listener.shutdown()


def forward(netloc: str, request: HttpRequest) -> HttpResponse:
    connection = http.client.HTTPConnection(netloc, timeout=30)
    target = request.path + (f"?{request.query}" if request.query else "")
    try:
        sent = {**end_to_end(request.headers), "content-length": str(len(request.body))}
        connection.request(request.method, target, request.body, sent)
        response = connection.getresponse()
        return HttpResponse(response.status, end_to_end(dict(response.getheaders())), response.read())
    finally:
        connection.close()


def end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


def call_of(request: HttpRequest) -> str:  # noqa: PLR0911 - a table
    query = parse_qs(request.query, keep_blank_values=True)
    is_object = "/" in request.path.strip("/")
    match request.method:
        case "POST" if "uploads" in query:
            return "CreateMultipartUpload"
        case "POST":
            return "CompleteMultipartUpload"
        case "PUT" if "uploadId" in query:
            return "UploadPartCopy" if "x-amz-copy-source" in request.headers else "UploadPart"
        case "PUT":
            return "PutObject"
        case "DELETE":
            return "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
        case "GET" if "uploads" in query:
            return "ListMultipartUploads"
        case "GET" if "uploadId" in query:
            return "ListParts"
        case "GET" if not is_object:
            return "ListObjectsV2" if "list-type" in query else "ListObjects"
        case "HEAD":
            return "HeadObject"
        case _:
            return "GetObject"


def refusal(status: int, code: str) -> HttpResponse:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>"
    return HttpResponse(status, {"Content-Type": "application/xml"}, text.encode())


def refusing(answer: HttpResponse, *calls: str) -> Strangeness:
    """An S3 that does not have some calls."""
    return lambda call, _request, forward: answer if call in calls else forward()


def without_etags(_call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
    """An S3 that tells no ETag anywhere, in a header or a document."""
    answer = forward()
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "etag"}
    return HttpResponse(answer.status, headers, re.sub(rb"<ETag>.*?</ETag>", b"<ETag></ETag>", answer.body))


def without_acls(answer: HttpResponse) -> Strangeness:
    """An S3 that refuses to store an object with an ACL."""

    def serve(call: str, request: HttpRequest, forward: Forward) -> HttpResponse:
        return answer if call == "PutObject" and "x-amz-acl" in request.headers else forward()

    return serve

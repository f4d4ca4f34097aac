"""A service that misbehaves as it is told to; see `extenci.sandbox.server.faults`.

How each service says it: botocore's model ebs/2019-11-02 (RequestThrottledException, its Reason,
InternalServerException, ResourceNotFoundException); AWS "Common errors" (ThrottlingException 400,
ExpiredTokenException 403, ServiceUnavailable 503); EC2 API reference, "Error codes" (RequestLimitExceeded
503, RequestExpired 400, InternalError 500, Unavailable 503); S3 API reference, "Error responses" (SlowDown
503, ExpiredToken 400, InternalError 500, ServiceUnavailable 503, NoSuchUpload 404).
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from extenci.model.errors import UsageError
from extenci.sandbox.ebs.errors import EbsError, no_such_snapshot
from extenci.sandbox.ec2.service import ec2_error
from extenci.sandbox.http.access import KeyAccess
from extenci.sandbox.http.listener import Ending, HttpRequest, HttpResponse
from extenci.sandbox.http.service import Call, SandboxService
from extenci.sandbox.s3.service import s3_error
from extenci.sandbox.server.calls import CallLog
from extenci.sandbox.server.faults import Fault, FaultRule, Faults, FaultSubject, parse_faults

_CHECKSUM = "x-amz-checksum"
_NO_IMAGES = b"<DescribeImagesResponse><requestId>sandbox</requestId><imagesSet/></DescribeImagesResponse>"
_REFUSALS: Mapping[str, Mapping[tuple[Fault, int], tuple[int, str, str]]] = {
    "ebs": {
        (Fault.THROTTLE, 0): (400, "ThrottlingException", "Rate exceeded"),
        (Fault.ERROR, 500): (500, "InternalServerException", "An internal error has occurred."),
        (Fault.ERROR, 503): (503, "ServiceUnavailable", "The service is temporarily unavailable."),
        (Fault.DENIED, 0): (403, "AccessDeniedException", "You are not authorized to perform this operation"),
        (Fault.EXPIRED, 0): (403, "ExpiredTokenException", "The security token is expired"),
    },
    "ec2": {
        (Fault.THROTTLE, 0): (503, "RequestLimitExceeded", "Request limit exceeded."),
        (Fault.ERROR, 500): (500, "InternalError", "An internal error has occurred"),
        (Fault.ERROR, 503): (503, "Unavailable", "The service is unavailable. Please try again shortly."),
        (Fault.DENIED, 0): (403, "UnauthorizedOperation", "You are not authorized to perform this operation"),
        (Fault.EXPIRED, 0): (400, "RequestExpired", "Request has expired."),
        (Fault.MISSING, 0): (400, "InvalidSnapshot.NotFound", "The snapshot does not exist."),
    },
    "s3": {
        (Fault.THROTTLE, 0): (503, "SlowDown", "Please reduce your request rate."),
        (Fault.ERROR, 500): (500, "InternalError", "We encountered an internal error. Please try again."),
        (Fault.ERROR, 503): (503, "ServiceUnavailable", "Please reduce your request rate."),
        (Fault.DENIED, 0): (403, "AccessDenied", "Access Denied"),
        (Fault.EXPIRED, 0): (400, "ExpiredToken", "The provided token has expired."),
        (Fault.MISSING, 0): (404, "NoSuchUpload", "The specified upload does not exist."),
    },
}  # fmt: skip


class FaultFile:
    """The rules in a file, which may change while the sandbox runs; counting begins anew with each text."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._faults = Faults()

    def read(self) -> Faults:
        """The rules as the file has them now; none where there is no file, or it says nonsense."""
        try:
            status = self._path.stat()
        except OSError:
            self._stamp, self._faults = None, Faults()
            return self._faults
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp != self._stamp:
            try:
                self._faults = Faults(parse_faults(self._path.read_text("utf-8")))
            except (OSError, UsageError):
                self._faults = Faults()
            self._stamp = stamp
        return self._faults


class FaultyService:
    """Stands before a service, and misbehaves where the rules say so."""

    def __init__(
        self,
        service: SandboxService,
        faults: FaultFile,
        log: CallLog,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = service.name
        self._service = service
        self._faults = faults
        self._log = log
        self._sleep = sleep

    def read(self, request: HttpRequest) -> Call:
        return self._service.read(request)

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:
        return self._service.refuse(access, call)

    def fail(self, message: str) -> HttpResponse:
        return self._service.fail(message)

    def breaks_off(self, head: HttpRequest) -> bool:
        """Whether the connection is to be reset half-way through the body, of which nothing is read yet.

        EC2's actions stand in the body: their connections are reset after it, see `answer`.
        """
        if self.name == "ec2" or head.headers.get("content-length", "0") == "0":
            return False
        faults = self._faults.read()
        call = self._service.read(head)
        if not faults.due(_asked(call), only=Fault.RESET):
            return False
        self._log.write(self.name, call.action, call.key, status=0, error="fault:reset", changes=call.changes)
        return True

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        is_done = self.name != "ec2" and request.headers.get("content-length", "0") != "0"
        but = Fault.RESET if is_done else None  # asked already, before the body
        rules = self._faults.read().due(_asked(call), but=but)
        for rule in rules:
            if rule.kind is Fault.SLOW:
                self._sleep(rule.number)
        first = next((rule for rule in rules if rule.kind is not Fault.SLOW), None)
        if first is None:
            return self._service.answer(request, call)
        return self._misbehave(first, request, call)

    def _misbehave(self, rule: FaultRule, request: HttpRequest, call: Call) -> HttpResponse:
        told = f"fault:{rule.kind}"
        match rule.kind:
            case Fault.RESET:
                return HttpResponse(200, code=told, ending=Ending.RESET)
            case Fault.STALL:
                return HttpResponse(200, code=told, ending=Ending.STALL)
            case Fault.LOST | Fault.GARBLED | Fault.DAMAGED | Fault.ROTTEN | Fault.WRONG_CHECKSUM:
                answer = self._done_wrongly(rule.kind, request, call)
                return replace(answer, code=answer.code or told)
            case _:
                return _refusal(self.name, rule, call)

    def _done_wrongly(self, kind: Fault, request: HttpRequest, call: Call) -> HttpResponse:
        sent = _bytes_of(request)
        if kind in (Fault.GARBLED, Fault.DAMAGED, Fault.ROTTEN):
            request = _with_body(request, _changed(sent), fitting=kind is not Fault.GARBLED)
        answer = self._service.answer(request, call)
        if kind is Fault.LOST:
            return replace(answer, ending=Ending.CLOSE)
        if kind is Fault.ROTTEN or kind is Fault.WRONG_CHECKSUM:
            return _with_checksum(answer, _checksums(sent if kind is Fault.ROTTEN else b"another"))
        return answer


def _asked(call: Call) -> FaultSubject:
    thing = next((call.parameters[name] for name in _THINGS if name in call.parameters), "")
    return FaultSubject(call.action, call.key, thing)


_THINGS = ("snapshot", "uploadId", "BlockDeviceMapping.1.Ebs.SnapshotId", "ResourceId.1", "SnapshotId.1")


def _refusal(service: str, rule: FaultRule, call: Call) -> HttpResponse:
    status = int(rule.number) if rule.kind is Fault.ERROR else 0
    if service == "ebs" and rule.kind is Fault.MISSING:
        return no_such_snapshot(call.parameters.get("snapshot", "")).answer()
    if rule.kind is Fault.MISSING and call.action == "DescribeImages":
        return HttpResponse(200, {"Content-Type": "text/xml;charset=UTF-8"}, _NO_IMAGES, "fault:missing")
    if rule.kind is Fault.THROTTLE and call.action == "PutSnapshotBlock":
        return EbsError(400, "RequestThrottledException", "Rate exceeded", "RESOURCE_LEVEL_THROTTLE").answer()
    told = _REFUSALS[service][rule.kind, status]
    match service:
        case "ebs":
            return EbsError(*told).answer()
        case "ec2":
            return ec2_error(*told)
        case _:
            return s3_error(*told)


def _changed(body: bytes) -> bytes:
    """One bit is another, in the middle."""
    middle = len(body) // 2
    return body[:middle] + bytes((body[middle] ^ 1,)) + body[middle + 1 :] if body else b"\1"


def _bytes_of(request: HttpRequest) -> bytes:
    return request.file.read() if request.file is not None else request.body


def _with_body(request: HttpRequest, body: bytes, *, fitting: bool) -> HttpRequest:
    """The request with another body, which the checksums sent with it fit, or do not."""
    headers = dict(request.headers)
    if fitting:
        headers.pop("content-md5", None)
        headers |= {name: value for name, value in _checksums(body).items() if name in headers}
    if request.file is None:
        return replace(request, body=body, headers=headers)
    request.file.path.write_bytes(body)
    md5 = hashlib.md5(body, usedforsecurity=False).digest()
    return replace(request, headers=headers, file=replace(request.file, size=len(body), md5=md5))


def _checksums(body: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return {_CHECKSUM: digest, f"{_CHECKSUM}-sha256": digest, "etag": f'"{md5}"'}


def _with_checksum(answer: HttpResponse, checksums: Mapping[str, str]) -> HttpResponse:
    """The answer with other checksums, wherever it has some."""
    headers = {name: checksums.get(name.lower(), value) for name, value in answer.headers.items()}
    body = re.sub(rb"<ETag>[^<]*</ETag>", b"<ETag>" + checksums["etag"].encode() + b"</ETag>", answer.body)
    return replace(answer, headers=headers, body=body)

"""The way of every request: read it, judge the access key, let the service answer, log the call."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping

from extenci.sandbox.http.access import access_of
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.http.service import Call, SandboxService
from extenci.sandbox.identity import IDENTITY_PATH
from extenci.sandbox.server.calls import CallLog


class Gateway:
    """Puts one service behind a listener. Never raises."""

    def __init__(self, service: SandboxService, log: CallLog, identity: Mapping[str, str]) -> None:
        self._service = service
        self._log = log
        self._identity = json.dumps(dict(identity)).encode()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == IDENTITY_PATH:
            return HttpResponse(200, {"Content-Type": "application/json"}, self._identity)
        call = Call("", True, "", {})
        try:
            call = self._service.read(request)
            access = access_of(call.key)
            if access.allows(changes=call.changes):
                answer = self._service.answer(request, call)
            else:
                answer = self._service.refuse(access, call)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an AWS-style answer
            traceback.print_exc(file=sys.stderr)
            answer = self._service.fail(f"The sandbox failed: {type(error).__name__}")
        self._log.write(
            self._service.name,
            call.action,
            call.key,
            status=answer.status,
            error=answer.code,
            changes=call.changes,
        )
        return answer

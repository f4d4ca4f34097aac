"""The way of every request: read it, judge the access key, let the service answer, log the call."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from extenci.sandbox.process import IDENTITY_PATH
from extenci.sandbox.server.access import Access, access_of
from extenci.sandbox.server.calls import CallLog
from extenci.sandbox.server.listener import Answer, Request


@dataclass(frozen=True)
class Call:
    """What a request asks for. `parameters` are the service's own, decoded (EC2: the whole query)."""

    action: str
    changes: bool
    key: str
    parameters: Mapping[str, str]


class Service(Protocol):
    """One of the sandbox's three services, in its own wire format."""

    name: str

    def read(self, request: Request) -> Call:
        """Finds out what is asked, without doing it."""
        ...

    def answer(self, request: Request, call: Call) -> Answer:
        """Does it."""
        ...

    def refuse(self, access: Access, call: Call) -> Answer:
        """Says no, as AWS does to such an access key."""
        ...

    def fail(self, message: str) -> Answer:
        """Says that the sandbox itself has a defect."""
        ...


class Gateway:
    """Puts one service behind a listener. Never raises."""

    def __init__(self, service: Service, log: CallLog, identity: Mapping[str, str]) -> None:
        self._service = service
        self._log = log
        self._identity = json.dumps(dict(identity)).encode()

    def __call__(self, request: Request) -> Answer:
        if request.path == IDENTITY_PATH:
            return Answer(200, {"Content-Type": "application/json"}, self._identity)
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

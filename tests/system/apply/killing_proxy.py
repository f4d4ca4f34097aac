"""A forwarding proxy between a command and its services that kills the command at a chosen call."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from extenci.sandbox.http.listener import HttpRequest, HttpResponse, Listener

Way = Literal["before", "after"]
"""Whether the fatal call dies on its way to the service, or its answer on the way back."""

_EBS_CALLS = (
    ("POST", re.compile(r"/snapshots"), "StartSnapshot"),
    ("PUT", re.compile(r"/snapshots/[^/]+/blocks/\d+"), "PutSnapshotBlock"),
    ("POST", re.compile(r"/snapshots/completion/[^/]+"), "CompleteSnapshot"),
)
LEASES = "extenci-lease"
"""What the names of leases begin with: commands that are killed there are tried elsewhere."""
_DROPPED = HttpResponse(503, {}, b"nobody is there to read this\n")
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "expect"}


@dataclass(frozen=True)
class Aim:
    """At which changing call (from 1) and in which way `kill` is called; it returns when the command is
    dead."""

    nth: int
    way: Way
    kill: Callable[[], object]


class KillingProxy:
    """One listener on 127.0.0.1 for each of `upstreams` (API → URL); `urls` are its own addresses."""

    def __init__(self, upstreams: Mapping[str, str]) -> None:
        self.seen: list[str] = []
        self._aim: Aim | None = None
        self._killing = threading.Lock()
        self._listeners = {api: _Counting(api, url, self._pass) for api, url in upstreams.items()}
        self.urls = {api: f"http://127.0.0.1:{one.port}" for api, one in self._listeners.items()}

    def start(self) -> None:
        for listener in self._listeners.values():
            threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        for listener in self._listeners.values():
            listener.shutdown()
            listener.server_close()

    @contextmanager
    def aimed(self, aim: Aim) -> Iterator[None]:
        """Counts changing calls in `seen` and kills at the chosen one. It ends only when everything that
        the command sent has arrived or is dropped, so that nothing of it falls into what comes later."""
        self.seen.clear()
        self._aim = aim
        yield
        deadline = time.monotonic() + 20
        while any(listener.open for listener in self._listeners.values()):
            assert time.monotonic() < deadline, "connections of the command are still open"
            time.sleep(0.01)
        self._aim = None

    def _pass(self, action: str, forward: Callable[[], HttpResponse]) -> HttpResponse:
        aim = self._aim
        if aim is None or not action:
            return forward()
        with self._killing:
            self.seen.append(action)
            count = len(self.seen)
            if count == aim.nth:
                return self._kill(aim, forward)
        return _DROPPED if count > aim.nth else forward()

    def _kill(self, aim: Aim, forward: Callable[[], HttpResponse]) -> HttpResponse:
        if aim.way == "after":
            forward()
        aim.kill()
        return _DROPPED


class _Counting(Listener):
    """Forwards to one upstream, and knows how many connections are open."""

    def __init__(
        self, api: str, upstream: str, decide: Callable[[str, Callable[[], HttpResponse]], HttpResponse]
    ) -> None:
        self.open = 0
        self._counting = threading.Lock()
        self._upstream = urlsplit(upstream).netloc
        name = {"ec2": _ec2_action, "ebs": _ebs_action, "s3": _s3_action_but_leases}[api]
        super().__init__(0, lambda request: decide(name(request), lambda: self._forward(request)))

    def process_request(self, request: object, client_address: object) -> None:
        self._count(1)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        super().shutdown_request(request)  # type: ignore[arg-type]
        self._count(-1)

    def _count(self, step: int) -> None:
        with self._counting:
            self.open += step

    def _forward(self, request: HttpRequest) -> HttpResponse:
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        target = request.path + (f"?{request.query}" if request.query else "")
        try:
            connection.request(request.method, target, request.body, _end_to_end(request.headers))
            response = connection.getresponse()
            return HttpResponse(response.status, _end_to_end(dict(response.getheaders())), response.read())
        finally:
            connection.close()


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _ec2_action(request: HttpRequest) -> str:
    """The action's name where it may change something but a lease, otherwise ""."""
    asked = parse_qs(request.body.decode())
    (action,) = asked.get("Action", [""])
    key_pair = "".join(asked.get("KeyName", [])).startswith(LEASES)
    of_key_pair = "".join(asked.get("ResourceId.1", [])).startswith("key-")
    return "" if action.startswith(("Describe", "Get")) or key_pair or of_key_pair else action


def _ebs_action(request: HttpRequest) -> str:
    for method, path, action in _EBS_CALLS:
        if request.method == method and path.fullmatch(request.path):
            return action
    return ""


def _s3_action_but_leases(request: HttpRequest) -> str:
    return "" if f"/{LEASES}" in request.path else _s3_action(request)


def _s3_action(request: HttpRequest) -> str:
    query = parse_qs(request.query, keep_blank_values=True)
    match request.method:
        case "POST" if "uploads" in query:
            return "CreateMultipartUpload"
        case "POST" if "uploadId" in query:
            return "CompleteMultipartUpload"
        case "PUT" if "uploadId" in query:
            return "UploadPartCopy" if "x-amz-copy-source" in request.headers else "UploadPart"
        case "PUT":
            return "PutObject"
        case "DELETE":
            return "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
        case _:
            return ""

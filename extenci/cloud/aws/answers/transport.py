"""Sends the SDK's requests, and reads their answers within bounds. It is the handler of the SDK's event
`before-send`, whose answer the SDK takes instead of sending itself, so that all clients of a session, those
of its credentials included, are bounded alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from botocore.session import Session
from botocore.utils import get_environ_proxies

from extenci.cloud.aws.answers.connections import BoundedSession
from extenci.cloud.aws.answers.limits import Limits, is_reading
from extenci.cloud.aws.answers.readable import check_readable, check_stream
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.http.bounds import AnswerBounds, Expectation, expecting
from extenci.model.service import is_loopback

OWN_APIS = frozenset(("ec2", "s3", "ebs"))
"""The APIs of the service itself, not of its credentials."""

_began: ContextVar[float] = ContextVar("began")


def begin_call(**_: object) -> None:
    """Note when a call begins: a handler of the SDK's event `before-call`, in the thread that makes it."""
    _began.set(time.monotonic())


def seconds_of_call() -> float:
    """The seconds since this thread's call began."""
    return time.monotonic() - _began.get(time.monotonic())


class Transport:
    """Sends the requests of one service's SDK session. Any thread may use it.

    `ca_bundle` is the file of certificates that the service's file names; `waiting` is told how long answers
    take.
    """

    def __init__(self, session: Session, ca_bundle: str | None, limits: Limits, waiting: Waiting) -> None:
        self._session = session
        self._ca_bundle = ca_bundle
        self._limits = limits
        self._waiting = waiting
        self._lock = Lock()
        self._senders: dict[tuple[str | bool, frozenset[tuple[str, str]]], BoundedSession] = {}

    def __call__(self, request: Any, event_name: str, **_: object) -> Any:
        """Send a request; the SDK's AWSResponse. Raises what the SDK's own session does, and UnreadableBody.
        `event_name` is `before-send.API.CALL`."""
        api, call = event_name.split(".", 2)[1:]
        bounds = self._limits.of(api, call, is_stream=request.stream_output)
        expected = Expectation(bounds, self._on_wait(api, call, request.url, bounds))
        with expecting(expected):
            response = self._sender(api, request.url).send(request)
        if request.stream_output:
            check_stream(response)
        else:
            check_readable(api, call, request.method, response)
        return response

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for sender in self._senders.values():
                sender.close()

    def _on_wait(self, api: str, call: str, url: str, bounds: AnswerBounds) -> Callable[[float], None]:
        host = urlsplit(url).netloc.rpartition("@")[2]
        silent = self._limits.most_seconds(api, call)
        slow = self._limits.call_seconds(call) + (bounds.seconds or 0.0)

        def note(waited: float) -> None:
            """A call that reads has sent next to nothing, so that all its time is waiting."""
            seconds = seconds_of_call() if is_reading(call) else waited
            self._waiting.note(api, host, call, seconds, silent if seconds < silent else slow)

        return note

    def _sender(self, api: str, url: str) -> BoundedSession:
        verify = self._verify(api)
        proxies: Mapping[str, str] = {} if is_loopback(url) else get_environ_proxies(url)
        key = verify, frozenset(proxies.items())
        with self._lock:
            if key not in self._senders:
                self._senders[key] = BoundedSession(verify, proxies)
            return self._senders[key]

    def _verify(self, api: str) -> str | bool:
        """The trusted certificates, in the SDK's order."""
        own = self._ca_bundle if api in OWN_APIS else None
        given: Any = own or self._session.get_config_variable("ca_bundle")
        return str(given or os.environ.get("REQUESTS_CA_BUNDLE") or "") or True

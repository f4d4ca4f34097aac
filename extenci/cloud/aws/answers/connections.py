"""The SDK's connections, with answers that are bounded while they are read."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import partial
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.httpsession import URLLib3Session

from extenci.cloud.aws.answers.limits import CONNECT_SECONDS
from extenci.cloud.http.bounds import TooLong, expectation
from extenci.cloud.http.reader import MOST_LINES, AnswerBytes, BoundedResponse

CONNECTIONS = 64
LINE_BYTES = 64 * 1024
SEND_SECONDS = 60
"""How long the other side may take to accept a piece of a body."""


class AwsResponse(BoundedResponse):
    """A bounded answer, whose status line may have been read already."""

    def __init__(
        self,
        source: socket.socket,
        *args: Any,
        status_line: tuple[str, int, str] | None = None,
        **named: Any,
    ) -> None:
        super().__init__(source, *args, **named)
        self._given = status_line

    def _read_status(self) -> tuple[str, int, str]:
        given, self._given = self._given, None
        return given or super()._read_status()  # type: ignore[misc]


class _Expecting:
    """What differs from the SDK's connections: its answers, and reading what comes before a body is sent,
    which the SDK does without any bound."""

    response_class: Any = AwsResponse
    sock: Any
    timeout: Any
    _response_received: bool

    def _handle_expect_response(self, message_body: Any) -> None:
        """Send the body if the service says `100 Continue`, and not if it answers already."""
        with AnswerBytes(self.sock, self.sock.makefile("rb", 0), expectation()) as answer:
            words = answer.readline(LINE_BYTES).split(None, 2)
            is_http = len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit()
            if is_http and words[1] == b"100":
                _skip_header(answer)
            elif is_http:
                reason = words[2].decode("latin-1").strip() if len(words) > 2 else ""
                given = words[0].decode("latin-1"), int(words[1]), reason
                self.response_class = partial(AwsResponse, status_line=given)
                self._response_received = True
        self.sock.settimeout(self.timeout)
        if is_http and words[1] == b"100" and message_body is not None:
            self.send(message_body)  # type: ignore[attr-defined]


def _skip_header(answer: AnswerBytes) -> None:
    for _ in range(MOST_LINES):
        if answer.readline(LINE_BYTES) in (b"\r\n", b"\n", b""):
            return
    raise TooLong("has lines without end")


class _Connection(_Expecting, AWSHTTPConnection):  # type: ignore[misc] # the stubs contradict themselves
    pass


class _TlsConnection(_Expecting, AWSHTTPSConnection):  # type: ignore[misc] # likewise
    pass


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class BoundedSession(URLLib3Session):
    """The SDK's HTTP client, whose answers keep the bounds that were set by `expecting`."""

    _pool_classes_by_scheme: dict[str, Any]

    def __init__(self, verify: str | bool, proxies: Mapping[str, str]) -> None:
        options: dict[str, Any] = {  # of these the stubs say too little
            "verify": verify,
            "timeout": (CONNECT_SECONDS, SEND_SECONDS),
            "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        }
        super().__init__(proxies=dict(proxies), max_pool_connections=CONNECTIONS, **options)
        self._pool_classes_by_scheme.update(http=_Pool, https=_TlsPool)

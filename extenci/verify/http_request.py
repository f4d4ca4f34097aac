"""One HTTP request that can be given up at any time: bounded in time, and in the bytes of its answer."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from dataclasses import dataclass

from extenci.verify.halt import Halt, OutOfTime, in_background

MOST_BODY = 64 << 10
"""Bytes of an answer that are read."""


class Unanswered(Exception):
    """There is no answer; the text goes on after the URL and says why."""


@dataclass(frozen=True)
class HttpRequest:
    """A GET of a path. `host` is the Host header, `server_name` the name that TLS asks for."""

    address: str
    port: int
    path: str
    host: str
    server_name: str
    tls: bool


@dataclass(frozen=True)
class Answer:
    """A status with its reason, and the beginning of the body."""

    status: int
    reason: str
    body: bytes


class _Connection(http.client.HTTPConnection):
    """A connection, with TLS where there is a context, that can be cut from another thread."""

    def __init__(self, request: HttpRequest, seconds: float) -> None:
        super().__init__(request.address, request.port, timeout=seconds)
        self._context = _unverified() if request.tls else None
        self._name = request.server_name
        self._line: socket.socket | None = None

    def connect(self) -> None:
        super().connect()
        self._line = self.sock
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)
        self._line = self.sock

    def cut(self) -> None:
        """End whatever waits for it. http.client lets go of the socket once it has an answer's head."""
        with contextlib.suppress(OSError):
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)


def send(request: HttpRequest, halt: Halt, seconds: float) -> Answer:
    """Ask once, without a proxy, and without following redirections or verifying certificates. Raises
    Unanswered where no answer comes within `seconds`, or before `halt`."""
    connection = _Connection(request, seconds)
    headers = {
        "Host": request.host, "User-Agent": "extenci-verify", "Accept": "*/*", "Connection": "close"
    }  # fmt: skip

    def ask() -> Answer:
        with contextlib.closing(connection):
            connection.request("GET", request.path, headers=headers)
            with connection.getresponse() as answer:  # which has the socket by now, to the end of reading
                return Answer(answer.status, answer.reason, answer.read(MOST_BODY))

    try:
        return in_background(ask, halt, seconds, connection.cut)
    except (OutOfTime, TimeoutError):
        raise Unanswered(f"did not answer within {seconds:.0f} s") from None
    except ssl.SSLError as error:
        raise Unanswered(f"does not speak TLS: {error.reason or error}") from None
    except OSError as error:
        raise Unanswered(f"cannot be reached: {error.strerror or error}") from None
    except (http.client.HTTPException, ValueError) as error:
        raise Unanswered(f"does not speak HTTP: {type(error).__name__}") from None


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

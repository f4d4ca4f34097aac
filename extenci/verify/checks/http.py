"""http: a path is answered. No proxy is used, no redirection followed, and no certificate verified: a test VM
has none for its address, nothing secret is sent to it, and what is asked is whether the image serves."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl

from extenci.model.verification import HttpCheck
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.halt import OutOfTime, in_background
from extenci.verify.programs import excerpt

MOST_BODY = 64 << 10
"""Bytes of an answer that are read."""


class _Connection(http.client.HTTPConnection):
    """A connection, with TLS where there is a context, that can be cut from another thread."""

    def __init__(
        self, address: str, port: int, seconds: float, context: ssl.SSLContext | None, name: str
    ) -> None:
        super().__init__(address, port, timeout=seconds)
        self._context, self._name = context, name
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


def try_http(check: HttpCheck, scene: Scene, attempt: Attempt) -> Tried:
    """Ask once."""
    address, port = scene.target.address, check.port or (443 if check.tls else 80)
    context = _unverified() if check.tls else None
    connection = _Connection(address, port, attempt.seconds, context, check.host or address)

    def ask() -> tuple[int, str, bytes]:
        with contextlib.closing(connection):
            connection.request("GET", check.http, headers=_headers(check, address, port))
            answer = connection.getresponse()
            return answer.status, answer.reason, answer.read(MOST_BODY)

    place = f"{'https' if check.tls else 'http'}://{_in_url(address)}:{port}{check.http}"
    try:
        status, reason, body = in_background(ask, scene.halt, attempt.seconds, connection.cut)
    except (OutOfTime, TimeoutError):
        return Tried(False, f"{place} did not answer within {attempt.seconds:.0f} s")
    except ssl.SSLError as error:
        return Tried(False, f"{place} does not speak TLS: {error.reason or error}")
    except OSError as error:
        return Tried(False, f"{place} cannot be reached: {error.strerror or error}")
    except (http.client.HTTPException, ValueError) as error:
        return Tried(False, f"{place} does not speak HTTP: {type(error).__name__}")
    attempt.log.write(body)
    text = excerpt(body.decode("utf-8", "replace"))
    if status != check.status:
        return Tried(False, f"{place} answered {status} {reason[:60]}, not {check.status}", text)
    return Tried(True, f"{place} answered {status}", text)


def _headers(check: HttpCheck, address: str, port: int) -> dict[str, str]:
    usual = port == (443 if check.tls else 80)
    host = check.host or (_in_url(address) if usual else f"{_in_url(address)}:{port}")
    return {"Host": host, "User-Agent": "extenci-verify", "Accept": "*/*", "Connection": "close"}


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

"""A server on loopback that answers every request with the same bytes, whatever they are."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress
from threading import Thread
from types import TracebackType

_LENGTH = re.compile(rb"content-length: *([0-9]{1,9})", re.IGNORECASE)
LINGER_SECONDS = 0.5
HEAD_TOKENS = (
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 206 Partial Content\r\n",
    b"HTTP/9.9 200\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: https://[::1\r\n", b"HTTP/1.1 404 Not Found\r\n", b"HTTP/1.1 -1 x\r\n",
    b"Content-Length: -1\r\n", b"Content-Length: 99999999999\r\n", b"Content-Length: 0\r\n",
    b"X: y\r\n" * 120,
    b"Transfer-Encoding: chunked\r\n", b"-1\r\n", b"ffffffffffffffff\r\n", b"5\r\nabcde\r\n", b"0\r\n\r\n",
    b"\r\n\r\n",
    b"Content-Encoding: gzip\r\n", b"Content-Range: bytes 0-1/2\r\n",
    b"Location: http://169.254.169.254/\r\n",
    b"Retry-After: 99999\r\n", b"Date: never\r\n", b"X-Amz-Request-Id: 1\r\n", b"ETag: \"\"\r\n",
    b"Set-Cookie: a=b\r\n", b"Last-Modified: yesterday\r\n", b"Connection: keep-alive\r\n",
)  # fmt: skip


class AnswerServer:
    """Listens while the context lasts. `answer` may be changed between requests."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answer = b""
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> AnswerServer:
        Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError, ValueError), connection:
                connection.settimeout(LINGER_SECONDS)
                self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        line: socket.socket = connection
        if self._context is not None:
            line = self._context.wrap_socket(connection, server_side=True)
        with line:
            _read_request(line)
            line.sendall(self.answer)
            if not isinstance(line, ssl.SSLSocket):
                line.shutdown(socket.SHUT_WR)
                while line.recv(1 << 16):
                    pass
            else:
                with suppress(OSError):
                    line.unwrap()


def _read_request(line: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(1 << 16)
        if not piece:
            return
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if length is None or b"100-continue" in head.lower():
        return
    left = int(length[1]) - len(body)
    while left > 0:
        piece = line.recv(1 << 16)
        if not piece:
            return
        left -= len(piece)

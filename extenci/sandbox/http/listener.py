"""A small threaded HTTP/1.1 server: keep-alive, Content-Length and chunked bodies, one thread a connection.

The standard library's parser is enough here, and leaving out flask and werkzeug keeps the way of a
512 KiB block short: one read, one write.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, cast

from extenci.sandbox.http.bodies import CutShort, StoredBody, store

IDLE_SECONDS = 120.0
SPOOL_BYTES = 65_536


@dataclass(frozen=True)
class HttpRequest:
    """One request. `path` and `query` are as they were sent, percent-encoded; header names are lower case.

    A big body is in `file` where the listener keeps such ones in files; `body` is empty then.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    file: StoredBody | None = None


class Ending(Enum):
    """The connection's fate: all but SEND are faults that were asked for."""

    SEND = "the answer is sent"
    CLOSE = "it is closed before the answer"
    RESET = "it is reset before the answer"
    STALL = "nothing is sent until the client goes away"


@dataclass(frozen=True)
class HttpResponse:
    """One answer. `code` is the error's name, for the log; it is not sent. `server` is the header's value.
    With `pieces`, the body is what they yield, and the header Content-Length tells how much that is."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    code: str = ""
    server: str = "extenci-sandbox"
    ending: Ending = Ending.SEND
    pieces: Iterable[bytes] | None = None


class BadBody(Exception):
    """The request's body is not framed as HTTP/1.1 says."""


class Listener(ThreadingHTTPServer):
    """Listens on 127.0.0.1 at `port` (0: any free one) and gives each request to `service`. Big bodies go
    into files of the folder `spool`, where one is given. Where `breaks_off` says so of a request without its
    body, half the body is read and the connection reset."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(
        self,
        port: int,
        service: Callable[[HttpRequest], HttpResponse],
        *,
        spool: Path | None = None,
        breaks_off: Callable[[HttpRequest], bool] = lambda _head: False,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.breaks_off = breaks_off
        self.service = service
        self.spool = spool

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Bind as HTTPServer does, without asking the name service for 127.0.0.1, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.port

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Closing sends FIN, or RST where that is due; the standard library sends FIN first."""
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; the gateway reports its own errors."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "extenci-sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Listener

    def serve(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = HttpRequest(self.command, path, query, headers)
        if self.server.breaks_off(request):
            self.rfile.read(_length_of(headers) // 2)
            self._end(Ending.RESET)
            return
        file = None
        try:
            file = self._file()
            body = b"" if file else self._body()
        except (BadBody, CutShort, ValueError):
            self.close_connection = True
            self._send(HttpResponse(400, {}, b"The body is not framed as HTTP/1.1 says.\n"))
            return
        try:
            answer = self.server.service(replace(request, body=body, file=file))
            if answer.ending is Ending.SEND:
                self._send(answer)
            else:
                self._end(answer.ending)
        finally:
            if file is not None:
                file.discard()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def _file(self) -> StoredBody | None:
        """The body in a file, where it is big and as it is to be stored."""
        size = int(self.headers.get("Content-Length", "0"))
        framed = f"{self.headers.get('Transfer-Encoding', '')},{self.headers.get('Content-Encoding', '')}"
        if self.server.spool is None or size < SPOOL_BYTES or "chunked" in framed.lower():
            return None
        return store(cast("BinaryIO", self.rfile), size, self.server.spool)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        return self._exactly(int(self.headers.get("Content-Length", "0")))

    def _chunks(self) -> bytes:
        chunks = []
        while size := int(self.rfile.readline(1024).split(b";")[0], 16):
            chunks.append(self._exactly(size))
            self.rfile.readline(8)
        while self.rfile.readline(65536).strip():
            pass
        return b"".join(chunks)

    def _exactly(self, size: int) -> bytes:
        if size < 0:
            raise BadBody
        data = self.rfile.read(size)
        if len(data) < size:
            raise BadBody
        return data

    def _send(self, answer: HttpResponse) -> None:
        """Head and body in one write: two would wait for each other's acknowledgement."""
        reason = HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {reason}", f"Server: {answer.server}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in _OURS]
        lines += [f"Date: {self.date_time_string()}", f"Content-Length: {self._length(answer)}"]
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + answer.body)
        for piece in answer.pieces or ():
            self.wfile.write(piece)

    def _end(self, ending: Ending) -> None:
        """Ends the connection as a fault that was asked for."""
        self.close_connection = True
        match ending:
            case Ending.RESET:  # closed without lingering, it sends RST (socket(7), SO_LINGER)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case Ending.STALL:
                while self.connection.recv(65536):
                    pass

    def _length(self, answer: HttpResponse) -> str:
        """HEAD's answer tells the length of what GET would have sent (RFC 9110, 8.6)."""
        named = {name.lower(): value for name, value in answer.headers.items()}.get("content-length")
        is_elsewhere = self.command == "HEAD" or answer.pieces is not None
        return named if is_elsewhere and named else str(len(answer.body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The request log (`server.calls`) says more, and never a query string with a signature."""


def _length_of(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


_OURS = {"server", "date", "content-length", "connection", "status", "transfer-encoding"}

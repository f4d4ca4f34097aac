"""A server of raw bytes: it reads a request, and hands the connection to a test."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs

Answer = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request on a connection: its action, and how many of that action came before it."""

    connection: socket.socket
    action: str
    before: int
    stopped: threading.Event

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.connection.sendall(data)

    def answer(self, body: bytes, status: str = "200 OK") -> None:
        """Send a whole answer."""
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.send(head + body)

    def wait(self) -> None:
        """Say nothing until the server stops."""
        self.stopped.wait(30)


@dataclass
class RawServer:
    """Where it listens, and the actions that were asked for."""

    url: str
    actions: list[str] = field(default_factory=list)


@contextmanager
def raw_server(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """A server on a free port that answers each request as `answer` does, on its own thread."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = RawServer(f"http{'s' if tls else ''}://127.0.0.1:{listening.getsockname()[1]}")

        def serve(accepted: socket.socket) -> None:
            connection = tls.wrap_socket(accepted, server_side=True) if tls else accepted
            with connection, suppress(OSError):
                while request := read_request(connection):
                    action = parse_qs(request.partition(b"\r\n\r\n")[2].decode()).get("Action", [""])[0]
                    before = server.actions.count(action)
                    server.actions.append(action)
                    answer(Exchange(connection, action, before, stopped))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server
        finally:
            stopped.set()
            listening.shutdown(socket.SHUT_RDWR)


def read_request(connection: socket.socket) -> bytes:
    """A request with the body that its Content-Length tells; b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body

"""An HTTP proxy that terminates TLS: it hands each request to a network, and sends what that delivers.

The client is told of it by `HTTPS_PROXY`, so that its endpoints are `https://ec2.cloud.test` and the like. A
program that knows no proxy, as HTCondor's GAHP, uses one listener an API on an address of 127.0.0.0/8.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.faults.network.call import Answer, Api, Call, Delivery
from tests.faults.network.tls import DOMAIN
from tests.http_server import LocalServer

TIMEOUT_SECONDS = 120.0
_OF_CONNECTION = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "server",
    "proxy-connection",
}
_VIRTUAL = f".s3.{DOMAIN}"

Deliver = Callable[[Call], Delivery]


class Listener(LocalServer):
    """One port. `api` is None where the Host header tells it, behind CONNECT."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, host: str, deliver: Deliver, api: Api | None, context: ssl.SSLContext | None) -> None:
        self.deliver, self.api, self.context = deliver, api, context
        super().__init__((host, 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.server_name}:{self.server_port}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Says nothing: clients that are killed break their connections off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = TIMEOUT_SECONDS
    server: Listener

    def do_CONNECT(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        assert self.server.context is not None
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()
        with suppress(OSError):
            self.connection.close()

    def serve(self) -> None:
        call = self._read()
        delivery = self.server.deliver(call)
        if delivery.answer is None:
            self._reset()
            return
        self._send(delivery.answer, delivery.framed)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve  # noqa: N815

    def _read(self) -> Call:
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").partition(":")[0]
        api = self.server.api or ("s3" if host.endswith(_VIRTUAL) else host.partition(".")[0])
        target = self.path
        if target.startswith("http"):
            parts = urlsplit(target)
            target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        if host.endswith(_VIRTUAL):
            target = f"/{host.removesuffix(_VIRTUAL)}{target}"
        return Call(api, self.command, target, headers, self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, answer: Answer, framed: int | None) -> None:
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if self.command != "HEAD" or "content-length" not in {name.lower() for name, _ in answer.headers}:
            lines.append(f"Content-Length: {len(answer.body) if framed is None else framed}")
        if framed is not None:
            lines.append("Connection: close")
            self.close_connection = True
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + answer.body)

    def _reset(self) -> None:
        """Closed without lingering, a connection ends with RST (socket(7), SO_LINGER)."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.wfile.close()
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Says nothing: the network keeps a log."""


def hand_on(call: Call, backends: Mapping[Api, str]) -> Answer:
    """The answer of the server behind, to a call as it was signed."""
    connection = http.client.HTTPConnection(urlsplit(backends[call.api]).netloc, timeout=TIMEOUT_SECONDS)
    kept = _OF_CONNECTION - ({"content-length"} if call.method == "HEAD" else set())
    try:
        headers = {name: value for name, value in call.headers.items() if name not in _OF_CONNECTION}
        headers.pop("expect", None)
        if call.body or call.method in ("PUT", "POST"):
            headers["content-length"] = str(len(call.body))
        connection.request(call.method, call.target, call.body or None, headers)
        response = connection.getresponse()
        shown = [(name, value) for name, value in response.getheaders() if name.lower() not in kept]
        return Answer(response.status, shown, response.read())
    except OSError as error:
        return Answer(502, [("Content-Type", "text/plain")], f"the laboratory's server: {error}".encode())
    finally:
        connection.close()

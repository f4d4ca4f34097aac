"""A proxy in a thread of its own: it hands calls on to a server, and its quirks change calls and answers.

The Host header stays as the client signed it. Neither moto nor the sandbox checks signatures, so bodies may
be changed on their way.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.http_server import LocalServer
from tests.matrix.processes import HOST

FORM = "application/x-www-form-urlencoded"
TIMEOUT_SECONDS = 120
_OF_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass
class Call:
    """A request. `service` is what it was signed for: `ec2`, `s3`, `ebs`."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def service(self) -> str:
        scope = self.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
        parts = scope.split("/")
        return parts[3] if len(parts) > 3 else ""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of an EC2 call, in their order; those of the body are kept as a form."""
        if not self.headers.get("content-type", "").startswith(FORM):
            return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @parameters.setter
    def parameters(self, values: dict[str, str]) -> None:
        self.body = urlencode(values).encode()

    @property
    def action(self) -> str:
        """The name of an EC2 call, "" of others."""
        return self.parameters.get("Action", "") if self.service == "ec2" else ""


@dataclass
class Answer:
    """A response."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @classmethod
    def xml(cls, status: int, text: str) -> Answer:
        return cls(status, [("Content-Type", "text/xml")], text.encode())


def ec2_error(status: int, code: str, message: str) -> Answer:
    """An error as EC2 tells it."""
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer.xml(status, f"<Response><Errors>{error}</Errors><RequestID>proxy</RequestID></Response>")


def s3_error(status: int, code: str, message: str) -> Answer:
    """An error as S3 tells it."""
    return Answer.xml(
        status, f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>proxy</RequestId></Error>"
    )


class Quirk:
    """What a cloud does in its own way. It may answer a call itself, change it, or change its answer."""

    def before(self, call: Call) -> Answer | None:  # noqa: ARG002
        """The answer to a call that is not handed on; None hands on what `call` is then."""
        return None

    def after(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002
        """What the client gets."""
        return answer


@contextmanager
def proxy(backend: str, quirks: Sequence[Quirk]) -> Iterator[str]:
    """The URL of a proxy in front of a server, while it runs."""

    class Handler(_Handler):
        server_url = backend
        of_cloud = tuple(quirks)

    server = _Server((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(LocalServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Says nothing: clients that are killed break their connections off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_url: str
    of_cloud: tuple[Quirk, ...]

    def _serve(self) -> None:
        call = Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self._body())
        for quirk in self.of_cloud:
            answer = quirk.before(call)
            if answer is not None:
                break
        else:
            answer = _hand_on(call, self.server_url)
            for quirk in self.of_cloud:
                answer = quirk.after(call, answer)
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD" or not any(name.lower() == "content-length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _hand_on(call: Call, backend: str) -> Answer:
    host = urlsplit(backend).netloc
    connection = http.client.HTTPConnection(host, timeout=TIMEOUT_SECONDS)
    try:
        headers = {k: v for k, v in call.headers.items() if k not in _OF_CONNECTION - {"date"}}
        headers.pop("expect", None)
        if call.body or call.method in ("PUT", "POST"):
            headers["content-length"] = str(len(call.body))
        connection.request(call.method, call.target, call.body or None, headers)
        response = connection.getresponse()
        kept = _OF_CONNECTION - ({"content-length"} if call.method == "HEAD" else set())
        return Answer(
            response.status,
            [(k, v) for k, v in response.getheaders() if k.lower() not in kept],
            response.read(),
        )
    except OSError as error:
        return Answer.xml(502, f"<Error><Code>BadGateway</Code><Message>{error}</Message></Error>")
    finally:
        connection.close()

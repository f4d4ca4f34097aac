"""The HTTP server and the gateway behind it, over a real socket on loopback."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci.sandbox.http.access import KeyAccess
from extenci.sandbox.http.listener import HttpRequest, HttpResponse, Listener
from extenci.sandbox.http.service import Call
from extenci.sandbox.server.calls import CallLog
from extenci.sandbox.server.gateway import Gateway


class Echo:
    """Answers with what was asked; fails for the path /fail."""

    name = "echo"

    def read(self, request: HttpRequest) -> Call:
        key = request.headers.get("x-key", "AKIAECHO")
        return Call(request.method, request.method == "PUT", key, {})

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        if request.path == "/fail":
            raise RuntimeError("no secret in the answer")
        told = f"{call.action} {request.path} {request.query} ".encode()
        return HttpResponse(200, {"Content-Length": "1000", "X-Own": "kept"}, told + request.body)

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:
        return HttpResponse(403, {}, f"{call.action} {access.value}".encode(), "Refused")

    def fail(self, message: str) -> HttpResponse:
        return HttpResponse(500, {}, message.encode(), "Failed")


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    gateway = Gateway(Echo(), CallLog(tmp_path / "calls.jsonl"), {"identity": "me"})
    with Listener(0, gateway) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def connection(listener: Listener) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=10)
    yield made
    made.close()


def sent(listener: Listener, text: bytes) -> bytes:
    """All that comes back on a connection of its own for `text`."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as raw:
        raw.sendall(text)
        raw.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: raw.recv(65536), b""))


def test_one_connection_takes_many_requests(connection: http.client.HTTPConnection) -> None:
    for number in range(3):
        connection.request("PUT", f"/a%20b?n={number}", body=b"x" * 100_000)
        answer = connection.getresponse()
        assert answer.read() == f"PUT /a%20b n={number} ".encode() + b"x" * 100_000
        assert answer.getheader("X-Own") == "kept"
        assert not answer.will_close


def test_a_chunked_body_is_put_together(connection: http.client.HTTPConnection) -> None:
    connection.request("PUT", "/", body=iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().read() == b"PUT /  one two"
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"GET /  "


def test_heads_answer_has_gets_length_and_no_body(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/")
    answer = connection.getresponse()
    assert answer.read() == b""
    assert answer.getheader("Content-Length") == "1000"
    connection.request("GET", "/")
    assert connection.getresponse().getheader("Content-Length") == str(len("GET /  "))


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(listener: Listener) -> None:
    """Expect: 100-continue, which boto3 sends with S3's bodies."""
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    answer = sent(listener, head + b"body")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"PUT /  body")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 10\r\n\r\nshort",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_badly_framed_body_is_refused_and_the_connection_closed(listener: Listener, framing: bytes) -> None:
    answer = sent(listener, b"PUT / HTTP/1.1\r\nHost: x\r\n" + framing)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer


def test_a_defect_is_answered_and_logged(
    connection: http.client.HTTPConnection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection.request("PUT", "/fail", headers={"X-Key": "AKIAECHO12345678"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (500, b"The sandbox failed: RuntimeError")
    assert "RuntimeError" in capsys.readouterr().err
    (line,) = (tmp_path / "calls.jsonl").read_text("utf-8").splitlines()
    record = json.loads(line)
    assert (record["action"], record["status"], record["error"]) == ("PUT", 500, "Failed")
    assert (record["service"], record["key"], record["changes"]) == ("echo", "AKIAECHO1234", True)


def test_a_key_that_may_not_is_refused_before_anything_is_done(
    connection: http.client.HTTPConnection,
) -> None:
    for method, key, status in (("PUT", "AKIAREADONLY", 403), ("GET", "AKIAREADONLY", 200)):
        connection.request(method, "/", headers={"X-Key": key})
        answer = connection.getresponse()
        assert answer.status == status
        answer.read()


def test_it_tells_who_it_is_and_does_not_log_that(
    connection: http.client.HTTPConnection, tmp_path: Path
) -> None:
    connection.request("GET", "/.extenci-sandbox")
    assert json.loads(connection.getresponse().read()) == {"identity": "me"}
    assert (tmp_path / "calls.jsonl").read_text("utf-8") == ""

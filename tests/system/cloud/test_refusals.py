from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.cloud.clients import Clients
from extenci.model.desired import LaunchSettings
from extenci.model.errors import AccessRefused, ServiceError, Unreachable
from tests.http_server import LocalServer

OPENSSL = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1")
SUBJECT = ("-subj", "/CN=campus", "-addext", "subjectAltName=IP:127.0.0.1")


class Html(BaseHTTPRequestHandler):
    """A web server that knows nothing of EC2."""

    status = 200

    def do_POST(self) -> None:
        body = b"<!DOCTYPE html><html><body>It works!</body></html>"
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Teapot(Html):
    status = 418


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """serve(handler, context): the URL of a server on loopback, over TLS with a context."""
    servers = []

    def start(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> str:
        server = LocalServer(("127.0.0.1", 0), handler)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_key_that_the_service_does_not_know_is_refused_by_ec2(with_keys: Callable[..., Clients]) -> None:
    with pytest.raises(AccessRefused) as caught:
        with_keys("AKIADENIED0000000000").ec2.images()
    assert caught.value.code == "AuthFailure"
    assert "refused DescribeImages (AuthFailure)" in caught.value.message


def test_a_key_that_the_service_does_not_know_is_refused_by_ebs(with_keys: Callable[..., Clients]) -> None:
    with pytest.raises(AccessRefused) as caught:
        with_keys("AKIADENIED0000000000").unjournalled.ebs.start_snapshot(1, "token", {})
    assert caught.value.call == "StartSnapshot"


def test_a_key_that_may_only_look_may_look(with_keys: Callable[..., Clients], image: str) -> None:
    clients = with_keys("AKIAREADONLY00000000")
    assert image in {one.id for one in clients.ec2.images()}
    with pytest.raises(AccessRefused) as caught:
        clients.unjournalled.ec2.deregister_image(image)
    assert caught.value.code == "UnauthorizedOperation"


def test_files_that_hold_no_keys_are_refused_before_anything_is_sent(
    with_keys: Callable[..., Clients],
) -> None:
    with pytest.raises(AccessRefused, match="Nothing was sent"):
        with_keys("-----BEGIN OPENSSH PRIVATE KEY-----", ec2="http://127.0.0.1:1").ec2.images()


def test_a_port_where_nobody_listens_is_unreachable_soon(with_keys: Callable[..., Clients]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        clients = with_keys(ec2=url)
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            clients.ec2.images()
    assert caught.value.message == (
        f"The service campus at {url} cannot be reached: no connection (DescribeImages)."
    )
    assert time.monotonic() - began < 5


def test_loopback_is_not_reached_through_a_proxy(
    with_keys: Callable[..., Clients], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with_keys().ec2.images()


@pytest.mark.parametrize("handler", [Html, Teapot])
def test_a_web_page_is_no_answer(
    with_keys: Callable[..., Clients], serve: Callable[..., str], handler: type[Html]
) -> None:
    url = serve(handler)
    with pytest.raises(ServiceError) as caught:
        with_keys(ec2=url).ec2.images()
    assert url in caught.value.message
    assert "It works" not in str(caught.value)
    assert not isinstance(caught.value, Unreachable)


def test_a_web_page_is_no_answer_for_ebs_either(
    with_keys: Callable[..., Clients], serve: Callable[..., str]
) -> None:
    with pytest.raises(ServiceError):
        with_keys(ebs=serve(Html)).unjournalled.ebs.start_snapshot(1, "token", {})


def test_https_to_an_unknown_authority_asks_for_ca_bundle_and_works_with_it(
    with_keys: Callable[..., Clients], serve: Callable[..., str], tmp_path: Path
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [*OPENSSL, *SUBJECT, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    url = serve(Teapot, context)
    with pytest.raises(Unreachable) as caught:
        with_keys(ec2=url).ec2.images()
    assert "ca_bundle" in caught.value.hint
    with pytest.raises(ServiceError) as trusted:
        with_keys(ec2=url, ca_bundle=str(certificate)).ec2.images()
    assert not isinstance(trusted.value, Unreachable)


def test_a_bad_ca_bundle_is_named(with_keys: Callable[..., Clients]) -> None:
    with pytest.raises(ServiceError, match="/no/such/bundle"):
        with_keys(ec2="https://127.0.0.1:1", ca_bundle="/no/such/bundle").ec2.images()


def test_an_address_that_is_no_url_is_an_error(with_keys: Callable[..., Clients]) -> None:
    with pytest.raises(ServiceError, match="its `ec2:` is not a URL"):
        with_keys(ec2="not an address").ec2.images()


def test_neither_secret_key_nor_user_data_is_in_an_error(with_keys: Callable[..., Clients]) -> None:
    clients = with_keys(secret="THESECRETKEY1234")
    settings = LaunchSettings("no.such.type", user_data="VEhFVVNFUkRBVEE=", key_name="no-such-key")
    with pytest.raises(ServiceError) as caught:
        clients.unjournalled.ec2.run_instances(LaunchRequest("ami-00000000000000000", settings, 1, "token"))
    text = "".join(traceback.format_exception(caught.value))
    for secret in ("THESECRETKEY1234", "VEhFVVNFUkRBVEE=", "THEUSERDATA"):
        assert secret not in text


def test_user_data_is_not_in_an_error_of_wrong_parameters(with_keys: Callable[..., Clients]) -> None:
    settings = LaunchSettings("t3.micro", user_data="VEhFVVNFUkRBVEE=", key_name=17)  # type: ignore[arg-type]
    with pytest.raises(ServiceError) as caught:
        with_keys().unjournalled.ec2.run_instances(
            LaunchRequest("ami-00000000000000000", settings, 1, "token")
        )
    assert "KeyName" in caught.value.message
    assert "THEUSERDATA" not in "".join(traceback.format_exception(caught.value))

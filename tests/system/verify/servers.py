"""Real servers of the standard library on free ports of 127.0.0.1."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.http_server import LocalServer


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        """One answer."""
        status = {"/health": 200, "/gone": 404, "/moved": 302}.get(self.path, 200)
        body = f"host={self.headers['Host']} ".encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/health")
        self.end_headers()
        with_body = body * (1 << 16 if self.path == "/large" else 1)
        try:
            self.wfile.write(with_body)
            while self.path == "/drip":
                self.wfile.write(b".")
                time.sleep(0.2)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@contextmanager
def serve(tls_in: Path | None = None) -> Iterator[int]:
    """The port of a server of HTTP, or HTTPS with a certificate of its own made in a folder."""
    server = LocalServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls_in is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(make_certificate(tls_in))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate and its key in one file."""
    path = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=elsewhere",  # noqa: S607
         "-keyout", str(path), "-out", str(folder / "certificate.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("ab") as file:
        file.write((folder / "certificate.pem").read_bytes())
    return path

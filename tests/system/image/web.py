"""A real HTTPS server with a certificate of a CA that was made for it, which can be told to misbehave."""

from __future__ import annotations

import re
import ssl
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.http_server import LocalServer
from tests.system.image.disk_files import need

KEY = ("-newkey", "rsa:2048", "-nodes", "-days", "2")


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """A CA's certificate, and a server's for 127.0.0.1 and localhost with its key in one file."""
    openssl, authority, server = need("openssl"), folder / "ca.pem", folder / "server.pem"

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], check=True, capture_output=True, cwd=folder)

    run("req", "-x509", *KEY, "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
    run("req", *KEY[:3], "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
        "2", "-extfile", "names", "-out", "server.crt")  # fmt: skip
    server.write_bytes((folder / "server.key").read_bytes() + (folder / "server.crt").read_bytes())
    return authority, server


@dataclass
class Site:
    """What the server has, and how it behaves. `files` by path; `moved` are redirects, `status` answers that
    are no files; `cut` is after how many bytes of a body the connection breaks, by turns; `pause` seconds
    after every 64 KiB; `raw` are whole answers as they go over the wire, by path or by path and Range, with
    what follows them without end, and a pause after each; `asked` every request's path and Range; `headers`
    the last request's."""

    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    cut: list[int] = field(default_factory=list)
    pause: float = 0.0
    raw: dict[str | tuple[str, str], tuple[bytes, bytes]] = field(default_factory=dict)
    ranges: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    authority: Path = Path()


class Server:
    """A site on a port of its own, over TLS."""

    def __init__(self, authority: Path, certificate: Path) -> None:
        self.site = Site(authority=authority)
        self._server = LocalServer(("127.0.0.1", 0), handler_of(self.site))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.site.url = f"https://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.site.raw.clear()  # which ends what has no end
        self._server.shutdown()
        self._server.server_close()


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class, which counts as one
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            site.asked.append((path, self.headers.get("Range", "")))
            site.headers = dict(self.headers)
            said = site.raw.get((path, self.headers.get("Range", ""))) or site.raw.get(path)
            if said is not None:
                self.say(*said)
            elif path in site.moved:
                self.answer(302, Location=site.moved[path])
            elif path in site.status:
                self.answer(site.status[path])
            elif path not in site.files:
                self.answer(404)
            else:
                self.give(site.files[path])

        def give(self, content: bytes) -> None:
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(wanted[1]) if wanted and site.ranges else 0
            if wanted and start >= len(content):
                return self.answer(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            return self.send_body(content[start:])

        def send_body(self, body: bytes) -> None:
            length = site.cut.pop(0) if site.cut else len(body)
            for place in range(0, min(length, len(body)), 65536):
                self.wfile.write(body[place : min(place + 65536, length)])
                time.sleep(site.pause)
            if length < len(body):
                self.wfile.flush()
                self.close_connection = True

        def say(self, answer: bytes, again: bytes) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.wfile.write(answer)
                while again and site.raw:
                    self.wfile.write(again)
                    time.sleep(site.pause)

        def answer(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler

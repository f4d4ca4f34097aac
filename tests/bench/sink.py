"""A sink for EBS direct: nginx with Lua over TLS, which reads every body and stores nothing.

It confirms each block with the checksum that the client sent, so that reading is all the work that it does.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LUA_MODULES = Path("/usr/lib/nginx/modules")
PACKAGES = "apt-get install nginx-light libnginx-mod-http-lua wrk openssl"
PATIENCE_SECONDS = 10.0

KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(256 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
"""mallopt(3): nginx has a buffer for each body. While few requests are under way, glibc by default returns
the buffer to the system after each; the page faults to get it back take a seventh of nginx's time for a
block."""

CONFIGURATION = """\
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 1m;
    client_body_buffer_size 520k;
    keepalive_requests 100000000;
    keepalive_timeout 300;
    lua_shared_dict counts 1m;
    server {{
        listen {address}:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_session_cache shared:tls:1m;
        location / {{
            content_by_lua_block {{
                ngx.req.read_body()
                local method, path = ngx.req.get_method(), ngx.var.uri
                if method == "PUT" and path:find("/blocks/", 1, true) then
                    ngx.shared.counts:incr("blocks", 1, 0)
                    {delay}
                    ngx.status = 201
                    ngx.header["x-amz-Checksum"] = ngx.req.get_headers()["x-amz-checksum"]
                    ngx.header["x-amz-Checksum-Algorithm"] = "SHA256"
                    ngx.print("{{}}")
                elseif method == "POST" and path:find("/completion/", 1, true) then
                    ngx.status = 202
                    ngx.print('{{"Status":"completed"}}')
                elseif method == "POST" and path == "/" then
                    ngx.header["Content-Type"] = "text/xml"
                    ngx.print("<DescribeSnapshotsResponse><requestId>1</requestId><snapshotSet><item>"
                        .. "<snapshotId>snap-0123456789abcdef0</snapshotId><status>completed</status>"
                        .. "</item></snapshotSet></DescribeSnapshotsResponse>")
                elseif method == "POST" then
                    ngx.status = 201
                    ngx.print('{{"SnapshotId":"snap-0123456789abcdef0","Status":"pending",'
                        .. '"VolumeSize":1,"BlockSize":524288}}')
                else
                    ngx.print(ngx.shared.counts:get("blocks") or 0)
                end
            }}
        }}
    }}
}}
"""


class SinkMissing(RuntimeError):
    """A program that the sink needs is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Sink:
    """A running sink: its URL, and its certificate."""

    url: str
    certificate: Path


@contextmanager
def run_sink(folder: Path, *, address: str = "127.0.0.1", delay_seconds: float = 0) -> Iterator[Sink]:
    """Run a sink, which answers each block after a delay, while the context lasts. SinkMissing if a program
    is not installed."""
    program = _nginx()
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = make_certificate(folder, address)
    port = free_port(address)
    delay = f"ngx.sleep({delay_seconds})" if delay_seconds else ""
    text = CONFIGURATION.format(
        modules=LUA_MODULES,
        folder=folder,
        address=address,
        port=port,
        certificate=certificate,
        key=key,
        delay=delay,
    )
    (folder / "nginx.conf").write_text(text, "utf-8")
    errors = folder / "error.log"
    with subprocess.Popen(
        [program, "-p", str(folder), "-e", str(errors), "-c", str(folder / "nginx.conf")],
        env={**os.environ, **KEEPS_MEMORY},
    ) as process:
        try:
            _wait_for(address, port, process, errors)
            yield Sink(f"https://{address}:{port}", certificate)
        finally:
            process.terminate()


def make_certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """A self-signed certificate for an address, and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sink"]
    names = ["-addext", f"subjectAltName=IP:{address}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return certificate, key


def free_port(address: str) -> int:
    """A port on which nothing listens."""
    with socket.socket() as bound:
        bound.bind((address, 0))
        return int(bound.getsockname()[1])


def _nginx() -> str:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None or not (LUA_MODULES / "ngx_http_lua_module.so").exists():
        raise SinkMissing(f"nginx with Lua is not installed. On Debian: {PACKAGES}")
    return program


def _wait_for(address: str, port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                said = errors.read_text("utf-8", "replace") if errors.exists() else ""
                raise RuntimeError(f"nginx does not start: {said}") from None
            time.sleep(0.05)
        else:
            return

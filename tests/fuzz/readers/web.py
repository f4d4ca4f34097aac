"""What strangers' servers answer: downloads by HTTPS, and HTTP checks of a test VM."""

from __future__ import annotations

import datetime
import hashlib
import io
import ipaddress
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from extenci.cloud.download import downloads, https
from extenci.cloud.download.downloads import Downloads
from extenci.cloud.http.bounds import AnswerBounds
from extenci.verify.attempt import Attempt, CheckContext
from extenci.verify.checks.http import HttpCheck, try_http
from extenci.verify.halt import Halt
from tests.fuzz.reader import Read, Reader, check_message
from tests.fuzz.server import HEAD_TOKENS, AnswerServer


@contextmanager
def _open_download(folder: Path) -> Iterator[Read]:
    certificate = _certificate(folder / "server.pem")
    os.environ["SSL_CERT_FILE"] = str(certificate)
    os.environ["NO_PROXY"] = "127.0.0.1"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    https.BOUNDS = AnswerBounds(head_seconds=1.0)
    downloads.ATTEMPTS = downloads.FIRST_ATTEMPTS = 1
    load: Any = Downloads(SimpleNamespace())  # type: ignore[arg-type] # S3 is not used

    with AnswerServer(context) as server:

        def read(data: bytes) -> None:
            server.answer = data
            for old in (folder / "cache").glob("*"):
                old.unlink()
            url = f"https://127.0.0.1:{server.port}/disk.raw"
            load(
                url,
                hashlib.sha256(b"x").hexdigest(),
                folder / "cache",
                notify=_ignore,
                stop=threading.Event(),
            )

        yield read


def _ignore(_text: str) -> None:
    pass


def _certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def _open_check(folder: Path) -> Iterator[Read]:
    with AnswerServer() as server:
        check = HttpCheck(http="/health", port=server.port)

        def read(data: bytes) -> None:
            server.answer = data
            halt = Halt(threading.Event())
            context: Any = SimpleNamespace(target=SimpleNamespace(address="127.0.0.1"), halt=halt)
            found: CheckContext = context
            result = try_http(check, found, Attempt(1.0, io.BytesIO()))
            check_message(result.message, ("\0never",))

        yield read


READERS = (
    Reader("download", _open_download, HEAD_TOKENS, ("\0never",)),
    Reader("http-check", _open_check, HEAD_TOKENS, ("\0never",)),
)

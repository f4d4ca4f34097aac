"""Spec files, and what else of a repository, or of a home, is YAML or text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from extenci.cloud.aws.credentials import read_keys
from extenci.image.bundle.keys import read_certificate, read_private_key
from extenci.model.errors import ExtenciError, SpecError
from extenci.model.service import KeyFiles, Service
from extenci.spec.load import load_desired
from extenci.spec.services.file import read_service
from extenci.spec.settings.file import read_settings
from tests.fuzz.reader import Read, Reader, check_message

SANDBOX = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")
SPEC = (
    b"service: cloud\nimages:\n  one: {source: disk.raw}\n"
    b"instances:\n  two: {image: one, type: t3.micro, count: 2}\n"
)
SERVICE = (
    b"ec2: https://cloud.example.org:8773/\ns3: https://cloud.example.org/\nebs: https://cloud.example.org/\n"
)
TOKENS = (
    b"&a ", b"*a", b"<<: *a", b"!!int ", b"!!binary ", b"!foo ", b"%YAML 1.1\n---\n", b"--- ", b"...\n",
    b"? ", b"- ",
    b": ", b"|\n", b">-\n", b"\\x41", b'"\\ud800"', b"{a: b}", b"[a, b]", b"# ", b"services: ", b"service: ",
    b"images:\n", b"instances:\n", b"source: ", b"image: ", b"type: ", b"count: ", b"user_data: ",
    b"verify:\n",
    b"checks:\n", b"condor: ", b"credentials: ", b"profile: ", b"ec2: http://", b"https://u:p@h/", b"0o17",
    b"01",
    b"1e9", b".inf", b"1h30m", b"ami-0123456789abcdef0", b"s3://b/k", b"~/x", b"$(x)",
)  # fmt: skip


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _root(folder: Path) -> Path:
    root = folder / "root"
    _write(root / "extenci.yaml", b"stack: fuzz\n")
    _write(root / "spec.yaml", SPEC)
    _write(root / "services" / "cloud.yaml", SERVICE)
    _write(root / "disk.raw", bytes(512))
    _write(root / "user-data.txt", b"#cloud-config\n")
    return root


@contextmanager
def _open_file_of_root(folder: Path, name: str) -> Iterator[Read]:
    root = _root(folder)

    def read(data: bytes) -> None:
        _write(root / name, data)
        load_desired([root], catalog_services={}, sandbox=SANDBOX)

    yield read


@contextmanager
def _open_service(folder: Path) -> Iterator[Read]:
    path = folder / "cloud.yaml"

    def read(data: bytes) -> None:
        _write(path, data)
        read_service(path)

    yield read


@contextmanager
def _open_settings(folder: Path) -> Iterator[Read]:
    path = folder / "settings.yaml"

    def read(data: bytes) -> None:
        _write(path, data)
        read_settings(path)

    yield read


@contextmanager
def _open_user_data(folder: Path) -> Iterator[Read]:
    """The input is a file of user data; and its name, which the spec has as well."""
    root = _root(folder)

    def read(data: bytes) -> None:
        _write(root / "user-data.txt", data)
        name = data[:60].decode("utf-8", "replace").replace("\n", " ").replace('"', "").replace("\\", "/")
        for file in ("user-data.txt", name):
            text = SPEC + b'    user_data_file: "%s"\n' % file.encode()
            text = text.replace(b"  two: {", b"  two:\n    ").replace(b", type", b"\n    type")
            _write(root / "spec.yaml", text.replace(b", count: 2}", b"\n    count: 2"))
            with suppress(SpecError) if file == name else nullcontext():
                load_desired([root], catalog_services={}, sandbox=SANDBOX)

    yield read


@contextmanager
def _open_keys(folder: Path) -> Iterator[Read]:
    """Each kind of key and certificate in a file."""
    path = folder / "key"

    def read(data: bytes) -> None:
        _write(path, data)
        path.chmod(0o600)
        files = KeyFiles(str(path), str(path))
        for reader in (lambda: read_keys("cloud", files), lambda: read_private_key(str(path)),
                       lambda: read_certificate(str(path))):  # fmt: skip
            try:
                reader()
            except ExtenciError as error:
                check_message(str(error), data=data)

    yield read


READERS = (
    Reader("spec", lambda folder: _open_file_of_root(folder, "spec.yaml"), TOKENS),
    Reader(
        "root-settings", lambda folder: _open_file_of_root(folder, "extenci.yaml"), (b"stack: ", b"ignore: ")
    ),
    Reader("root-service", lambda folder: _open_file_of_root(folder, "services/cloud.yaml"), TOKENS),
    Reader("service", _open_service, TOKENS),
    Reader("user-settings", _open_settings, (*TOKENS, b"trust:\n", b"sources: ", b"endpoints: ")),
    Reader("user-data", _open_user_data),
    Reader("keys", _open_keys, (b"-----BEGIN PRIVATE KEY-----\n", b"-----END CERTIFICATE-----\n")),
)

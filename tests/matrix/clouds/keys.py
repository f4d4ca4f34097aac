"""Keys and certificates of bundles, for clouds that have none of their own."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.matrix.clouds.cloud import BundleFiles


def make_bundle_files(folder: Path) -> BundleFiles:
    """A pair of the user's and one of the cloud's, in files of mode 600."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, private_key = _make_pair(folder, "user")
    cloud_certificate, cloud_key = _make_pair(folder, "cloud")
    return BundleFiles(certificate, private_key, cloud_certificate, cloud_key)


def _make_pair(folder: Path, name: str) -> tuple[Path, Path]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"matrix {name}")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return (
        _write(folder / f"{name}-cert.pem", certificate.public_bytes(serialization.Encoding.PEM)),
        _write(folder / f"{name}-key.pem", private),
    )


def _write(path: Path, text: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(text)
    return path

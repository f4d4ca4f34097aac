"""Key files: what is no key, not kept from others or encrypted is refused, and never shown."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from extenci.image.bundle.bundler import open_signer
from extenci.image.bundle.keys import (
    decrypt_with,
    encrypt_for,
    new_secret,
    read_certificate,
    read_private_key,
)
from extenci.model.errors import AccessRefused
from tests.unit.image.bundle.conftest import Keys


def test_a_secret_is_for_the_owner_of_the_key_only(keys: Keys) -> None:
    secret, user = new_secret(), read_private_key(str(keys.user))
    text = encrypt_for(secret.key, read_certificate(str(keys.certificate)))
    assert decrypt_with(text, user) == secret.key
    assert decrypt_with(text, read_private_key(str(keys.cloud))) is None
    assert secret.key.hex() not in repr(secret)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(mode: int, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(keys.user.read_bytes())
    path.chmod(mode)
    with pytest.raises(AccessRefused, match="other users may read or write it") as caught:
        read_private_key(str(path))
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("options", ["", "-traditional"])
def test_an_encrypted_key_is_refused(options: str, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "key"
    command = ["openssl", "rsa", "-aes128", "-passout", "pass:word", "-in", str(keys.user), "-out", str(path)]
    subprocess.run([*command, *options.split()], check=True, capture_output=True)
    path.chmod(0o600)
    with pytest.raises(AccessRefused, match="it is encrypted"):
        read_private_key(str(path))


@pytest.mark.parametrize(
    "text",
    ["", "secret words", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "-----BEGIN PRIVATE KEY-----\nx\n"],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    for read in (read_private_key, read_certificate):
        with pytest.raises(AccessRefused) as caught:
            read(str(path))
        assert str(path) in str(caught.value)
        assert "secret words" not in str(caught.value)


@pytest.mark.parametrize(("exponent", "bits"), [(65537, 16_400), (2**33 + 1, 2048)])
def test_a_certificate_that_nothing_can_be_encrypted_with_is_refused(
    exponent: int, bits: int, keys: Keys, tmp_path: Path
) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    certificate = (
        x509.CertificateBuilder(name, name, serial_number=1)
        .public_key(RSAPublicNumbers(exponent, (1 << bits - 1) + 1).public_key())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(read_private_key(str(keys.user)), SHA256())
    )
    path = tmp_path / "certificate"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    with pytest.raises(AccessRefused, match=r"more than 16,384 bits"):
        read_certificate(str(path))


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(AccessRefused, match=str(path)):
            read_private_key(str(path))


def test_a_certificate_of_another_key_is_refused(keys: Keys) -> None:
    with pytest.raises(AccessRefused, match="does not belong to the private key"):
        open_signer(replace(keys.service, certificate=keys.service.cloud_certificate))

"""The keys of a bundle: the user's, the cloud's, and the secret that encrypts a disk."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from extenci.model.errors import AccessRefused

FILE_BYTES = 64 * 1024
SMALLEST_BITS = 1024
LARGEST_BITS = 16_384
LARGEST_EXPONENT = 2**32
"""The largest keys that OpenSSL uses at all, or quickly (its OPENSSL_RSA_MAX_MODULUS_BITS)."""
KEY_BYTES = 16

_PRIVATE = re.compile(rb"-----BEGIN (?:RSA )?PRIVATE KEY-----")
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED")
_HEX_KEY = re.compile(rb"[0-9A-Fa-f]{32}")


@dataclass(frozen=True)
class Secret:
    """An AES-128 key and an initialization vector, 16 bytes each, which encrypt a disk."""

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)


def new_secret(draw: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
    """A new random secret."""
    return Secret(draw(KEY_BYTES), draw(KEY_BYTES))


def read_private_key(path: str) -> RSAPrivateKey:
    """The user's private key. AccessRefused if the file holds none, is accessible to others, or is encrypted;
    its content is never shown."""
    text = _content(path, "a private key", is_secret=True)
    if _ENCRYPTED.search(text):
        raise _refused(
            path,
            "it is encrypted, and extenci does not ask for passphrases",
            "Use a copy of the key without a passphrase, mode 600: openssl rsa -in FILE -out COPY.",
        )
    if not _PRIVATE.search(text):
        raise _refused(path, "it does not hold an RSA private key in PEM")
    try:
        key = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _refused(path, "it does not hold an RSA private key in PEM") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SMALLEST_BITS:
        raise _refused(path, f"it does not hold an RSA key of at least {SMALLEST_BITS} bits")
    return key


def read_certificate(path: str) -> RSAPublicKey:
    """The public key of a certificate. AccessRefused unless the file is a certificate of an RSA key."""
    try:
        key = x509.load_pem_x509_certificate(_content(path, "a certificate")).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _refused(path, "it does not hold an X.509 certificate in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_BITS:
        raise _refused(path, f"it is not the certificate of an RSA key of at least {SMALLEST_BITS} bits")
    if key.key_size > LARGEST_BITS or key.public_numbers().e > LARGEST_EXPONENT:
        raise _refused(path, f"its key has more than {LARGEST_BITS:,} bits, or an exponent of more than 32")
    return key


def is_pair(private: RSAPrivateKey, public: RSAPublicKey) -> bool:
    """Whether a certificate's public key belongs to a private key."""
    return private.public_key().public_numbers() == public.public_numbers()


def encrypt_for(value: bytes, key: RSAPublicKey) -> str:
    """16 bytes encrypted for the owner of a key: their hex text by RSA with PKCS#1 v1.5, in hex."""
    return key.encrypt(value.hex().encode(), PKCS1v15()).hex()


def decrypt_with(text: str, key: RSAPrivateKey) -> bytes | None:
    """The bytes that were encrypted for the owner of a key; None if they were for someone else."""
    try:
        found = key.decrypt(bytes.fromhex(text), PKCS1v15())
    except ValueError:
        return None
    return bytes.fromhex(found.decode()) if _HEX_KEY.fullmatch(found) else None


def sign(text: bytes, key: RSAPrivateKey) -> str:
    """The signature of a text: RSA with SHA-1 and PKCS#1 v1.5, in hex."""
    return key.sign(text, PKCS1v15(), hashes.SHA1()).hex()  # noqa: S303 - the format's


def is_signed(text: bytes, signature: str, key: RSAPublicKey) -> bool:
    """Whether a signature of a text was made by the owner of a key."""
    try:
        key.verify(bytes.fromhex(signature), text, PKCS1v15(), hashes.SHA1())  # noqa: S303 - the format's
    except (InvalidSignature, ValueError):
        return False
    return True


def _content(path: str, kind: str, *, is_secret: bool = False) -> bytes:
    """The bytes of a small regular file; a FIFO is not opened."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, f"it is not a file with {kind}")
        if is_secret and status.st_mode & 0o077:
            raise _refused(path, "other users may read or write it", f"chmod 600 {path}")
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a valid path"
        raise _refused(path, str(reason).lower()) from None
    if len(text) > FILE_BYTES:
        raise _refused(path, f"it is too long for {kind}")
    return text


def _refused(path: str, problem: str, hint: str = "") -> AccessRefused:
    hint = hint or "Correct the service's `bundle:`, or the file."
    return AccessRefused(f"Bundles cannot be made or opened with {path}: {problem}.", hint)

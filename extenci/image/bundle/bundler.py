"""Makes the parts of a bundle from a tar stream, in one bounded pipeline, and its signed manifest."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from extenci.image.bundle.gzip import gzip_stream
from extenci.image.bundle.keys import Secret, encrypt_for, is_pair, read_certificate, read_private_key, sign
from extenci.image.bundle.manifest import (
    BundlePart,
    EncryptedSecret,
    Manifest,
    manifest_text,
    part_name,
    signed_text,
)
from extenci.model.errors import AccessRefused
from extenci.model.service import BundleKeys

PART_BYTES = 10 * 1024**2
BLOCK_BYTES = 16
"""The block size of AES."""


@dataclass(frozen=True)
class BundleSigner:
    """Signs the manifests of bundles, and encrypts their secrets for the user and the cloud."""

    user: str
    private: RSAPrivateKey = field(repr=False)
    public: RSAPublicKey
    cloud: RSAPublicKey

    def manifest(self, prefix: str, architecture: str, size: int, bundle: Bundler, *, release: str) -> bytes:
        """The signed manifest of a finished bundle; `size` is the disk's in bytes."""
        found = Manifest(
            name=prefix,
            user=self.user,
            architecture=architecture,
            sha1=bundle.sha1,
            size=size,
            bundled_size=bundle.size,
            for_cloud=_encrypted_for(bundle.secret, self.cloud),
            for_user=_encrypted_for(bundle.secret, self.public),
            parts=tuple(bundle.made),
        )
        return manifest_text(found, sign(signed_text(found), self.private), release)


def _encrypted_for(secret: Secret, reader: RSAPublicKey) -> EncryptedSecret:
    return EncryptedSecret(encrypt_for(secret.key, reader), encrypt_for(secret.iv, reader))


def open_signer(keys: BundleKeys) -> BundleSigner:
    """Read the key files of a service. AccessRefused if one of them is not valid."""
    private = read_private_key(keys.private_key)
    public = read_certificate(keys.certificate)
    if not is_pair(private, public):
        raise AccessRefused(
            f"The certificate {keys.certificate} does not belong to the private key {keys.private_key}.",
            "Give a certificate and its private key in the service's `bundle:`.",
        )
    return BundleSigner(keys.user, private, public, read_certificate(keys.cloud_certificate))


class Bundler:
    """Makes the parts of one bundle. `made`, `sha1` (of the tar stream) and `size` (bytes of all parts) are
    complete once `parts` has ended."""

    def __init__(self, prefix: str, secret: Secret) -> None:
        self.secret = secret
        self.made: list[BundlePart] = []
        self.size = 0
        self._prefix = prefix
        self._sha1 = hashlib.sha1(usedforsecurity=False)

    @property
    def sha1(self) -> str:
        """The SHA-1 of the tar stream, in hex."""
        return self._sha1.hexdigest()

    def parts(
        self, tar: Iterable[bytes], *, workers: int | None = None
    ) -> Iterator[tuple[BundlePart, bytes]]:
        """The parts of a tar stream's bundle with their bytes, one after the other."""
        for data in _cut(_encrypted(gzip_stream(self._hashed(tar), workers=workers), self.secret)):
            digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
            part = BundlePart(part_name(self._prefix, len(self.made)), digest)
            self.made.append(part)
            self.size += len(data)
            yield part, data

    def _hashed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._sha1.update(piece)
            yield piece


def _encrypted(pieces: Iterable[bytes], secret: Secret) -> Iterator[bytes]:
    encryptor = Cipher(AES(secret.key), CBC(secret.iv)).encryptor()
    length = 0
    for piece in pieces:
        length += len(piece)
        yield encryptor.update(piece)
    padding = BLOCK_BYTES - length % BLOCK_BYTES  # PKCS #7, as openssl does
    yield encryptor.update(bytes([padding]) * padding) + encryptor.finalize()


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a part's length, the last one shorter. `getvalue` does not copy a full buffer."""
    held = io.BytesIO()
    for piece in pieces:
        rest = memoryview(piece)
        while held.tell() + len(rest) >= PART_BYTES:
            room = PART_BYTES - held.tell()
            held.write(rest[:room])
            yield held.getvalue()
            held, rest = io.BytesIO(), rest[room:]
        held.write(rest)
    if held.tell():
        yield held.getvalue()

"""Makes the disk of a bundle again from its parts, as a stream. Nothing in a bundle is trusted: the
manifest's signature and the digests of each part and of the whole are verified, and sizes are bounded."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from extenci.image.bundle.keys import Secret, decrypt_with, is_signed, read_certificate, read_private_key
from extenci.image.bundle.manifest import (
    MOST_BYTES,
    BundlePart,
    EncryptedSecret,
    Manifest,
    SignedManifest,
    find_signed,
)
from extenci.image.bundle.untar import broken, untar
from extenci.image.raw import OnProgress
from extenci.model.errors import AccessRefused, DiskError, Interrupted

PIECE_BYTES = 1024**2
INFLATED_BYTES = 512 * 1024
"""The bytes that are decompressed at a time, however much the data expands."""

ReadPart = Callable[[BundlePart], Iterable[bytes]]
"""Returns the bytes of a part, in pieces of at most a few MiB."""


def check_signature(signed: SignedManifest, user: RSAPublicKey) -> None:
    """DiskError unless the owner of a key signed the manifest."""
    if not is_signed(signed.text, signed.signature, user):
        raise DiskError(
            "The bundle's manifest was not signed by the owner of the user's certificate, or was changed.",
            "Give the certificate of the bundle's maker, or get the bundle again.",
        )


def open_secret(found: EncryptedSecret, key: RSAPrivateKey) -> Secret:
    """The secret that encrypts a bundle. AccessRefused if it was encrypted for the owner of another key."""
    secret, iv = decrypt_with(found.key, key), decrypt_with(found.iv, key)
    if secret is None or iv is None:
        raise AccessRefused(
            "The bundle was not encrypted for the owner of this private key.",
            "Give the private key of the certificate that the bundle was made with.",
        )
    return Secret(secret, iv)


def unbundle(
    text: bytes,
    read_part: ReadPart,
    output: Path,
    *,
    certificate: str,
    private_key: str,
    stop: Event | None = None,
    on_progress: OnProgress | None = None,
) -> Manifest:
    """Make the disk of a bundle again, sparse, at `output`, which must not exist; the bundle's manifest.

    `text` is the manifest's; `certificate` and `private_key` are paths of the user's files. DiskError if
    anything in the bundle is wrong, AccessRefused if the keys do not fit, Interrupted once `stop` is set;
    then no file remains. `on_progress` gets the bytes of the parts."""
    key, signed = read_private_key(private_key), find_signed(text)
    check_signature(signed, read_certificate(certificate))
    manifest = signed.read()
    secret = open_secret(manifest.for_user, key)
    with new_file(output) as descriptor:
        write_disk(manifest, secret, read_part, descriptor, stop=stop, on_progress=on_progress)
    return manifest


def write_disk(
    manifest: Manifest,
    secret: Secret,
    read_part: ReadPart,
    descriptor: int,
    *,
    stop: Event | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Write the disk of a bundle into an empty file, which gets the disk's length. Errors as for
    `unbundle`."""
    os.ftruncate(descriptor, manifest.size)
    stream = _Stream(manifest, _inflated(_decrypted(_parts(manifest, read_part, stop, on_progress), secret)))
    try:
        untar(stream.read, lambda offset, data: _put(descriptor, data, offset), manifest.size)
    except OSError as error:
        raise DiskError(f"The disk cannot be written: {error.strerror or error}.") from error
    if stream.sha1 != manifest.sha1:
        raise broken("its content does not have the digest in its manifest")


def local_parts(folder: Path) -> ReadPart:
    """Reads the parts in a folder."""

    def read_part(part: BundlePart) -> Iterator[bytes]:
        try:
            with _open_file(folder / part.name) as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece
        except OSError as error:
            raise broken(f"its part {part.name} cannot be read: {error.strerror or error}") from error

    return read_part


def read_local_manifest(path: Path) -> bytes:
    """The text of a manifest's file, at most one byte more than is allowed. DiskError if it cannot be
    read."""
    try:
        with _open_file(path) as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DiskError(f"The manifest {path} cannot be read: {error.strerror or error}.") from error


def _open_file(path: Path) -> BinaryIO:
    """Open a regular file, and only such: opening a FIFO would wait, and a device may have effects.
    OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a file")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    return os.fdopen(descriptor, "rb")


@contextmanager
def new_file(path: Path) -> Iterator[int]:
    """A descriptor of a file that gets its name only when it is complete. DiskError if the name is taken or
    the folder cannot be written to."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        try:
            yield descriptor
            os.fsync(descriptor)
            os.link(name, path)  # which, unlike a rename, replaces nothing
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):
                Path(name).unlink()
    except FileExistsError as error:
        raise DiskError(f"{path} exists already.", "Give the name of a new file.") from error
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> DiskError:
    return DiskError(f"The disk {path} cannot be written: {error.strerror or error}.")


def _put(descriptor: int, data: bytes, offset: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(descriptor, data[done:], offset + done)


def _parts(
    manifest: Manifest, read_part: ReadPart, stop: Event | None, on_progress: OnProgress | None
) -> Iterator[bytes]:
    """The bytes of all parts, which must have the digests and the total size in the manifest."""
    done = 0
    for part in manifest.parts:
        digest = hashlib.sha1(usedforsecurity=False)
        for piece in read_part(part):
            if stop is not None and stop.is_set():
                raise Interrupted("Unbundling was stopped.")
            digest.update(piece)
            done += len(piece)
            if done > manifest.bundled_size:
                raise broken("its parts are longer than its manifest says")
            yield piece
            if on_progress is not None:
                on_progress(done, manifest.bundled_size)
        if digest.hexdigest() != part.sha1:
            raise broken(f"its part {part.name} does not have the digest in its manifest")
    if done != manifest.bundled_size:
        raise broken("its parts are shorter than its manifest says")


def _decrypted(pieces: Iterable[bytes], secret: Secret) -> Iterator[bytes]:
    decryptor = Cipher(AES(secret.key), CBC(secret.iv)).decryptor()
    last = b""
    for piece in pieces:
        data = last + decryptor.update(piece)
        last = data[-16:]
        yield data[:-16]
    try:
        decryptor.finalize()
    except ValueError:
        raise broken(
            "the length of its parts is not a multiple of 16 bytes, as encryption makes it"
        ) from None
    if not last or not 1 <= last[-1] <= 16 or last[-last[-1] :] != last[-1:] * last[-1]:
        raise broken("its parts are not encrypted with the key in its manifest")
    yield last[: -last[-1]]


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The decompressed bytes, a bounded piece at a time; the reader decides how many to accept."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for piece in pieces:
            if inflater.eof and piece:
                raise broken("data follows its gzip file")
            data = piece
            while data:
                yield inflater.decompress(data, INFLATED_BYTES)
                data = inflater.unconsumed_tail
            if inflater.unused_data:
                raise broken("data follows its gzip file")
        while not inflater.eof and (data := inflater.decompress(b"", INFLATED_BYTES)):
            yield data
    except zlib.error:
        raise broken("its decrypted content is not a gzip file") from None
    if not inflater.eof:
        raise broken("it ends too early")


class _Stream:
    """The tar stream, read as needed; at most as long as a tar file of the disk can be."""

    def __init__(self, manifest: Manifest, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held, self._position = b"", 0
        self._left = manifest.size + manifest.size // 16 + 4 * 1024**2
        self._sha1 = hashlib.sha1(usedforsecurity=False)

    @property
    def sha1(self) -> str:
        return self._sha1.hexdigest()

    def read(self, length: int) -> bytes:
        while self._position == len(self._held):
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left -= len(piece)
            if self._left < 0:
                raise broken("it decompresses to more than its manifest says")
            self._sha1.update(piece)
            self._held, self._position = piece, 0
        data = self._held[self._position : self._position + length]
        self._position += len(data)
        return data

"""Bundles: manifests, and the streams of their parts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from extenci.image.bundle.certificates import new_key_pair
from extenci.image.bundle.manifest import find_signed
from extenci.image.bundle.unbundle import _inflated, unbundle
from extenci.image.bundle.untar import untar
from extenci.model.errors import DiskError
from tests.fuzz.reader import Read, Reader, check_message

DISK_BYTES = 1 << 20
TOKENS = (
    b"<manifest>", b"</manifest>", b"<version>2007-10-10</version>", b"<image>", b"</image>", b"<signature>",
    b"</signature>", b"<machine_configuration>", b"</machine_configuration>", b"<parts count=\"1\">",
    b"<part/>",
    b'<!DOCTYPE a [<!ENTITY b "c">]>', b"&b;", b'count="99999"', b'index="0"', b"<filename>../x</filename>",
    b"<ec2_encrypted_key>", b"xmlns='a'", b"<" * 1000,
)  # fmt: skip


@contextmanager
def _open_manifest(folder: Path) -> Iterator[Read]:
    key, certificate = new_key_pair("user")
    (folder / "key").write_bytes(key)
    (folder / "key").chmod(0o600)
    (folder / "certificate").write_bytes(certificate)

    def read(data: bytes) -> None:
        try:
            find_signed(data).read()
        except DiskError as error:
            check_message(str(error), data=data)
        unbundle(
            data, lambda _part: (), folder / "disk", certificate=str(folder / "certificate"),
            private_key=str(folder / "key"),
        )  # fmt: skip

    yield read


@contextmanager
def _open_parts(folder: Path) -> Iterator[Read]:
    """The input is a tar stream; and, compressed or as it is, what the parts hold once they are decrypted."""

    def read(data: bytes) -> None:
        for packed in (zlib.compress(data, 1, 31), data):
            pieces = _inflated(iter((packed[: len(packed) // 2], packed[len(packed) // 2 :])))
            left = bytearray()

            def take(length: int, pieces: Iterator[bytes] = pieces, left: bytearray = left) -> bytes:
                while not left:
                    piece = next(pieces, None)
                    if piece is None:
                        return b""
                    left += piece
                found = bytes(left[:length])
                del left[:length]
                return found

            try:
                untar(take, lambda _offset, _data: None, DISK_BYTES)
            except DiskError as error:
                check_message(str(error), data=data)

    yield read


READERS = (
    Reader("manifest", _open_manifest, TOKENS),
    Reader("bundle-parts", _open_parts, (b"\x1f\x8b\x08\0", b"S")),
)

"""Disks of every format, as few bytes: `sparse` files that are written down as their pieces."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from extenci.image.containers import check_complete, check_self_contained
from extenci.image.content.check import check_content
from extenci.image.formats import Container
from extenci.image.raw import open_file
from extenci.image.sources import Cache, open_source
from extenci.model.errors import DiskError
from tests.fuzz.reader import Read, Reader, check_message

MAGIC = b"SPARSE01"
_PIECE = struct.Struct("<QI")
LARGEST = 1 << 39
"""Bytes of a sparse file: 512 GiB."""
TOKENS = (
    b"QFI\xfb\0\0\0\x03", b"KDMV", b"COWD", b"conectix", b"vhdxfile", b"regi", b"metadata", b"EFI PART",
    b"\x55\xaa",
    b"NTFS    ", b"EXFAT   ", b"_BHRfS_M", b"XFSB", b"hsqs", b"LABELONE", b"LVM2 001", b"CD001",
    b"\x53\xef", b"koly",
    b"MZ", b"PE\0\0", b"# Disk DescriptorFile\n", b"ustar", b"\x7fELF", b"\x1f\x8b\x08", b"\xfd7zXZ\0",
    b"BZh91AY&SY",
    b"\x28\xb5\x2f\xfd", b"parentFileNameHint=", b"backing", b"version https://git-lfs", b"json:{", b"\x05",
    b"\x0f",
    b"\xee", struct.pack("<QI", 1 << 40, 512), struct.pack("<QI", 512, 1 << 31),
)  # fmt: skip


def pack(path: Path) -> bytes:
    """A file as its pieces of 512 bytes that are not all zeros."""
    data, size = bytearray(MAGIC), path.stat().st_size
    data += struct.pack("<Q", size)
    with path.open("rb") as file:
        start, piece = 0, b""
        for offset in range(0, size + 512, 512):
            found = file.read(512)
            if found.strip(b"\0"):
                start = start if piece else offset
                piece += found
            elif piece:
                data += _PIECE.pack(start, len(piece)) + piece
                piece = b""
    return bytes(data)


def unpack(path: Path, data: bytes) -> None:
    """Write a file from its pieces; from anything else as it is."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        if not data.startswith(MAGIC):
            file.write(data)
            return
        size, place = int.from_bytes(data[8:16], "little") % LARGEST, 16
        while place + _PIECE.size <= len(data):
            offset, length = _PIECE.unpack_from(data, place)
            place += _PIECE.size
            file.seek(offset % LARGEST)
            file.write(data[place : place + length])
            place += length
        file.truncate(size)


@contextmanager
def _open_disk(folder: Path) -> Iterator[Read]:
    """The file is recognised, its tables are followed, and its content is judged as that of a raw disk."""
    path = folder / "disk"

    def read(data: bytes) -> None:
        unpack(path, data)
        with open_file(path) as (disk, found):
            for meant in (False, True):
                try:
                    check_content(disk, meant=meant)
                except DiskError as error:
                    check_message(str(error), data=data)
            if found is not None and isinstance(found.way, Container):
                try:
                    check_self_contained(path, disk.descriptor, disk.size, found)
                except DiskError as error:
                    check_message(str(error), data=data)
                check_complete(path, disk.descriptor, disk.size, found)

    yield read


@contextmanager
def _open_conversion(folder: Path) -> Iterator[Read]:
    """The file is opened as a source: with qemu-img and the programs that decompress."""
    path, cache = folder / "disk", Cache(folder / "cache")

    def read(data: bytes) -> None:
        unpack(path, data)
        if path.stat().st_size > 1 << 30:
            os.truncate(path, 1 << 30)
        os.utime(path, (1e9, 1e9))
        for old in cache.disks.glob("*") if cache.disks.is_dir() else ():
            with suppress(OSError):
                old.unlink()
        with open_source(str(path), cache) as disk:
            check_content(disk, meant=False)

    yield read


READERS = (Reader("disk", _open_disk, TOKENS), Reader("disk-conversion", _open_conversion, TOKENS))

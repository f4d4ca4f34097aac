"""Recognises the format of a disk by its content, never by its name.

Sources: QEMU docs/interop/qcow2.rst, VMware "Virtual Disk Format 5.0", Microsoft "VHD Image Format"
(footer) and MS-VHDX (file type identifier), RFC 1952 (gzip), RFC 8878 (zstd), the xz and bzip2 formats,
ECMA-119 (ISO 9660), APPNOTE.TXT (zip), POSIX (ustar), VirtualBox VDICore.h, QEMU docs/interop/qed_spec.rst.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from extenci.image.problems import shown
from extenci.image.read_at import ReadAt
from extenci.model.errors import DiskError

_CONVERT = "Convert it to a raw disk: qemu-img convert -O raw {path} DISK.raw"
_UNPACK = "Unpack it, and give the path of the disk in it: {tool}"


@dataclass(frozen=True)
class Container:
    """A disk image that qemu-img reads; `driver` is its name for the format."""

    driver: str


@dataclass(frozen=True)
class Packed:
    """A compressed file: the program that decompresses stdin to stdout, and its package (Debian's and RHEL's
    names are the same unless both are given)."""

    program: tuple[str, ...]
    package: str


@dataclass(frozen=True)
class Unusable:
    """A format that is not supported."""


@dataclass(frozen=True)
class Format:
    """A format that is recognised; `name` has its article. `hint` tells how to make a raw disk of it
    manually, and has a field `{path}`."""

    name: str
    way: Container | Packed | Unusable
    hint: str = _CONVERT


def _packed(name: str, package: str, *program: str) -> Format:
    hint = _UNPACK.format(tool=f"{program[0]} -dc {{path}} > DISK.raw")
    return Format(f"compressed with {name}", Packed(program, package), hint)


QCOW2 = Format("a qcow2 image", Container("qcow2"))
VMDK = Format("a VMDK image", Container("vmdk"))
VHD = Format("a VHD image", Container("vpc"))
VHDX = Format("a VHDX image", Container("vhdx"))
VDI = Format("a VDI image", Container("vdi"))
# The limits keep a hostile file from taking more memory than any sound one needs: `xz -9` takes 65 MiB, and
# `zstd --ultra -22 --long=30` a window of 1 GiB.
XZ = _packed("xz", "xz-utils (RHEL: xz)", "xz", "-dc", "--memlimit-decompress=1GiB")
ZSTD = _packed("zstd", "zstd", "zstd", "-dcq", "--memory=1024MB", "--no-progress")
GZIP = _packed("gzip", "gzip", "gzip", "-dc")
BZIP2 = _packed("bzip2", "bzip2", "bzip2", "-dc")
LZ4 = Format("compressed with lz4", Unusable(), _UNPACK.format(tool="lz4 -dc {path} > DISK.raw"))
LZMA = Format("compressed with lzma", Unusable(), _UNPACK.format(tool="xz -dc {path} > DISK.raw"))
HTML = Format(
    "a web page (HTML)",
    Unusable(),
    "A download page or an error may have been saved instead of the disk. Open the file in a browser to see.",
)
QED = Format("a QED image", Unusable())
VMDK_DESCRIPTOR = Format(
    "a VMDK descriptor, which holds no data but names other files",
    Unusable(),
    "Check the files that it names, then make one file of all: qemu-img convert -O qcow2 {path} DISK.qcow2. "
    "If it names one NAME-flat.vmdk, that file is the raw disk.",
)
VMDK_EXTENT = Format("one extent of a VMDK image for ESX", Unusable(), VMDK_DESCRIPTOR.hint)
ZIP = Format("a zip archive", Unusable(), _UNPACK.format(tool="unzip {path}"))
TAR = Format("a tar archive (an OVA is one)", Unusable(), _UNPACK.format(tool="tar -xf {path}"))
ISO = Format(
    "an ISO 9660 CD image",
    Unusable(),
    "Install from it onto a disk first: a machine needs a disk to boot from.",
)

_AT_START = {
    b"QFI\xfb": QCOW2,
    b"QED\0": QED,
    b"KDMV": VMDK,
    b"COWD": VMDK_EXTENT,
    b"# Disk DescriptorFile": VMDK_DESCRIPTOR,
    b"conectix": VHD,
    b"vhdxfile": VHDX,
    b"\x1f\x8b\x08": GZIP,
    b"\xfd7zXZ\x00": XZ,
    b"\x28\xb5\x2f\xfd": ZSTD,
    b"\x50\x2a\x4d\x18": ZSTD,  # a skippable frame, as pzstd writes it first
    b"PK\x03\x04": ZIP,
    b"\x04\x22\x4d\x18": LZ4,
}
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_VDI_MAGIC = (0xBEDA107F).to_bytes(4, "little")
_ISO_OFFSET = 0x8001
_HEAD_BYTES = 512


def foreign_format(read: ReadAt, size: int) -> Format | None:
    """The format of a file of `size` bytes, or None if it is taken for a raw disk."""
    head = read(_HEAD_BYTES, 0)
    if (known := _format_of_start(head)) is not None:
        return known
    if size >= _HEAD_BYTES and read(8, size - _HEAD_BYTES) == b"conectix":
        return VHD  # a fixed one: a raw disk with a footer behind it
    if has_boot_sector(head):
        return None
    if head[257:262] == b"ustar":
        return TAR
    return ISO if read(5, _ISO_OFFSET) == b"CD001" else None


def _format_of_start(head: bytes) -> Format | None:
    for magic, known in _AT_START.items():
        if head.startswith(magic):
            return known
    if head[:3] == b"BZh" and head[4:10] in _BZIP2_BLOCKS:
        return BZIP2
    if _is_lzma(head):
        return LZMA
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return HTML
    return VDI if head[0x40:0x44] == _VDI_MAGIC else None


def _is_lzma(head: bytes) -> bool:
    """The old format has no magic: usual properties (5d), a dictionary of 4 KiB to 1 GiB that is a power of
    two or one and a half of it, a length that is unknown or below 64 TiB, and a first byte that is always 0
    (xz's doc/lzma-file-format.txt)."""
    if head[:3] != b"\x5d\0\0" or len(head) < 18 or head[13] or has_boot_sector(head):
        return False
    dictionary, length = struct.unpack_from("<IQ", head, 1)
    is_usual = dictionary.bit_count() == 1 or (dictionary & dictionary >> 1 and dictionary.bit_count() == 2)
    return bool(is_usual) and dictionary <= 1 << 30 and (length == 2**64 - 1 or 0 < length <= 1 << 46)


def has_boot_sector(head: bytes) -> bool:
    """Whether a disk begins with a boot sector. An ISO that does (isohybrid) boots as a raw disk too."""
    return head[510:512] == b"\x55\xaa"


def refusal(path: Path | str, found: Format) -> DiskError:
    """The error for a file in another format, where only a raw disk will do."""
    return DiskError(
        f"The disk {shown(path)} is {found.name}, not a raw disk.", found.hint.format(path=shown(path))
    )

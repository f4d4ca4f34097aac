"""What kind of file a disk is in, told by its content; never by its name.

Sources: QEMU docs/interop/qcow2.rst, VMware "Virtual Disk Format 5.0", Microsoft "VHD Image Format"
(footer) and MS-VHDX (file type identifier), RFC 1952 (gzip), RFC 8878 (zstd), the xz and bzip2 formats,
ECMA-119 (ISO 9660), APPNOTE.TXT (zip), POSIX (ustar), VirtualBox VDICore.h.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from extenci.image.problems import shown
from extenci.model.errors import DiskError

_CONVERT = "Convert it first: qemu-img convert -O raw {path} DISK.raw"
_UNPACK = "Unpack it first: {tool}"


@dataclass(frozen=True)
class Format:
    """A format that is recognised; `hint` says how to make a raw disk of it, `{path}` filled in."""

    name: str
    hint: str = _CONVERT


QCOW2 = Format("qcow2 images")
VMDK = Format("VMDK images")
VHD = Format("VHD images")
VHDX = Format("VHDX images")
VDI = Format("VDI images")
GZIP = Format("disks compressed with gzip", _UNPACK.format(tool="gzip -dc {path} > DISK.raw"))
XZ = Format("disks compressed with xz", _UNPACK.format(tool="xz -dc {path} > DISK.raw"))
ZSTD = Format("disks compressed with zstd", _UNPACK.format(tool="zstd -dc {path} > DISK.raw"))
BZIP2 = Format("disks compressed with bzip2", _UNPACK.format(tool="bzip2 -dc {path} > DISK.raw"))
ZIP = Format("zip archives", _UNPACK.format(tool="unzip {path}"))
TAR = Format("tar archives (an OVA is one)", _UNPACK.format(tool="tar -xf {path}"))
ISO = Format("ISO 9660 CD images", "Install it on a disk first: a machine needs a disk to boot from.")

_AT_START = {
    b"QFI\xfb": QCOW2,
    b"KDMV": VMDK,
    b"COWD": VMDK,
    b"# Disk DescriptorFile": VMDK,
    b"conectix": VHD,
    b"vhdxfile": VHDX,
    b"\x1f\x8b\x08": GZIP,
    b"\xfd7zXZ\x00": XZ,
    b"\x28\xb5\x2f\xfd": ZSTD,
    b"PK\x03\x04": ZIP,
}
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_VDI_MAGIC = (0xBEDA107F).to_bytes(4, "little")
_ISO_OFFSET = 0x8001
_HEAD_BYTES = 512


def foreign_format(descriptor: int, size: int) -> Format | None:
    """The format of an open file of `size` bytes, or None where it is taken for a raw disk."""
    head = os.pread(descriptor, _HEAD_BYTES, 0)
    if (known := _format_of_start(head)) is not None:
        return known
    if size >= _HEAD_BYTES and os.pread(descriptor, 8, size - _HEAD_BYTES) == b"conectix":
        return VHD  # a fixed one: a raw disk with a footer behind it
    if has_boot_sector(head):
        return None
    if head[257:262] == b"ustar":
        return TAR
    return ISO if os.pread(descriptor, 5, _ISO_OFFSET) == b"CD001" else None


def _format_of_start(head: bytes) -> Format | None:
    for magic, known in _AT_START.items():
        if head.startswith(magic):
            return known
    if head[:3] == b"BZh" and head[4:10] in _BZIP2_BLOCKS:
        return BZIP2
    return VDI if head[0x40:0x44] == _VDI_MAGIC else None


def has_boot_sector(head: bytes) -> bool:
    """Whether a disk begins with a boot sector. An ISO that does (isohybrid) boots as a raw disk too."""
    return head[510:512] == b"\x55\xaa"


def refusal(path: Path | str, found: Format) -> DiskError:
    """What to say of a file in a format that cannot be staged so far."""
    return DiskError(
        f"not supported yet: {found.name}. The disk {shown(path)} is one, and only raw disks can be staged."
        if found.name.endswith("images")
        else f"not supported yet: {found.name}. The file {shown(path)} is one of these, not a raw disk.",
        found.hint.format(path=shown(path)),
    )

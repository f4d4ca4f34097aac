"""Checks the headers of disk images before any other program opens them.

Images come from anywhere, and can name other files of this machine to read data from: backing files, external
data files, extents, parents. Such images are refused here, by their own bytes, so that none of those files
is ever opened. Sources: QEMU docs/interop/qcow2.rst and block/vmdk.c (which of its fields make
it open more), VMware "Virtual Disk Format 5.0", Microsoft "VHD Image Format", VirtualBox VDICore.h; for
VHDX see `extenci.image.vhdx`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from extenci.image.completeness import qcow2, vhd, vhdx, vmdk
from extenci.image.formats import QCOW2, VDI, VHD, VHDX, VMDK, Format
from extenci.image.problems import shown
from extenci.image.read_at import ReadAt, reader_of
from extenci.image.vhdx import has_parent
from extenci.model.errors import DiskError
from extenci.model.version import GIB

LARGEST_BYTES = 65_536 * GIB
"""The size of the largest EBS volume (EBS User Guide: io2, 64 TiB)."""

_SECTOR = 512
_ALONE = (
    "Only a self-contained image can be staged: an image may come from anywhere, and must not decide which "
    "other files of this machine are read. If you trust the files that it refers to, make one file of all: "
    "qemu-img convert -O qcow2 {path} DISK.qcow2"
)


_INCOMPLETE = "Check whether it was written, or downloaded, completely."


def check_self_contained(path: Path | str, descriptor: int, size: int, found: Format) -> None:
    """DiskError if a disk image of `size` bytes needs other files or a password, is cut off, or cannot be
    read."""
    try:
        fault = _CHECKS[found](reader_of(path, descriptor), size)
    except struct.error:
        fault = Broken("is cut off within its header")
    match fault:
        case Refers():
            raise DiskError(f"The disk {shown(path)} {fault}.", _ALONE.format(path=shown(path)))
        case Broken():
            raise DiskError(f"The disk {shown(path)} {fault}.", _INCOMPLETE)
        case Locked():
            raise DiskError(
                f"The disk {shown(path)} {fault}.",
                f"Decrypt it first: qemu-img convert with its secret (`man qemu-img`) from {shown(path)}.",
            )
        case None:
            pass


def check_complete(path: Path | str, descriptor: int, size: int, found: Format) -> None:
    """DiskError if the file of a disk image has fewer bytes than its tables refer to. To be called after
    `qemu-img` has found no other fault."""
    needed = _LENGTHS.get(found)
    if needed is None:
        return
    try:
        length = needed(reader_of(path, descriptor), size)
    except struct.error:
        length = size + 1
    if length > size:
        raise DiskError(
            f"The disk {shown(path)} is cut off: the file has {size:,} bytes, but its tables refer to more.",
            _INCOMPLETE,
        )


class Refers(str):
    """It refers to other files: the end of a sentence that tells how."""


class Broken(str):
    """It is damaged or unknown: the end of a sentence that tells why."""


class Locked(str):
    """It cannot be read without a secret: the end of a sentence that tells why."""


Fault = Refers | Broken | Locked | None


def check_qcow2(read: ReadAt, _size: int) -> Fault:
    """Versions 2 and 3: backing file, external data file, encryption."""
    head = read(104, 0)
    (version,) = struct.unpack_from(">I", head, 4)
    backing_offset, backing_size = struct.unpack_from(">QI", head, 8)
    (crypt,) = struct.unpack_from(">I", head, 32)
    if version not in (2, 3):
        return Broken(f"is a qcow image of version {version}; only 2 and 3 are known")
    if backing_offset or backing_size:
        return Refers("is a qcow2 image with a backing file")
    if crypt:
        return Locked("is an encrypted qcow2 image")
    if version == 3 and struct.unpack_from(">Q", head, 72)[0] & 0b100:
        return Refers("is a qcow2 image with an external data file")
    return None


_DESCRIPTOR_OFFSET = _SECTOR
_DESCRIPTOR_BYTES = 20 * _SECTOR


def check_vmdk(read: ReadAt, _size: int) -> Fault:
    """A sparse extent that contains its descriptor. With a capacity of 0, QEMU opens the descriptor's
    extents; it always reads the parent from the descriptor at sector 1."""
    head = read(64, 0)
    capacity, _grain, offset, sectors = struct.unpack_from("<QQQQ", head, 12)
    if capacity == 0:
        return Refers("is a VMDK image whose data is in other files")
    text = read(_DESCRIPTOR_BYTES, _DESCRIPTOR_OFFSET)
    if offset != 1 or not sectors or b"DescriptorFile" not in text:
        return Refers("is one part of a VMDK image that is split into several files")
    if b"parentFileNameHint" in text or not _is_first(text):
        return Refers("is a VMDK image with a parent")
    return None


def _is_first(text: bytes) -> bool:
    parents = [line.partition(b"=")[2] for line in text.splitlines() if line.startswith(b"parentCID")]
    return [one.strip().lower() for one in parents] == [b"ffffffff"]


_FIXED, _DYNAMIC, _DIFFERENCING = 2, 3, 4


def check_vhd(read: ReadAt, size: int) -> Fault:
    """QEMU takes a differencing disk for a complete one, and reads zeros where the parent's data belongs."""
    head = read(_SECTOR, 0)
    is_fixed = not head.startswith(b"conectix")
    footer = read(_SECTOR, size - _SECTOR) if is_fixed else head
    current_size, _geometry, kind = struct.unpack_from(">QII", footer, 48)
    if kind == _DIFFERENCING:
        return Refers("is a VHD differencing disk, which has a parent")
    if kind != (_FIXED if is_fixed else _DYNAMIC):
        return Broken(f"is a VHD image of an unknown kind ({kind})")
    if is_fixed and current_size > size - _SECTOR:
        return Broken("is a VHD image that says it is longer than its file")
    return None


def check_vhdx(read: ReadAt, _size: int) -> Fault:
    """Differencing disks."""
    found = has_parent(read)
    if found is None:
        return Broken("is a VHDX image without its region and metadata tables")
    return Refers("is a VHDX differencing disk, which has a parent") if found else None


def check_vdi(read: ReadAt, size: int) -> Fault:
    """Dynamic (1) and static (2) images are complete. QEMU reads zeros behind the file's end."""
    head = read(_SECTOR, 0)
    (kind,), (data,) = struct.unpack_from("<I", head, 0x4C), struct.unpack_from("<I", head, 0x158)
    block_bytes, _extra, _blocks, allocated = struct.unpack_from("<IIII", head, 0x178)
    if kind not in (1, 2):
        return Refers("is a VDI image with a parent")
    if size < data + allocated * block_bytes:
        return Broken("is a VDI image that is cut off")
    return None


_CHECKS: Mapping[Format, Callable[[ReadAt, int], Fault]] = {
    QCOW2: check_qcow2,
    VMDK: check_vmdk,
    VHD: check_vhd,
    VHDX: check_vhdx,
    VDI: check_vdi,
}

_LENGTHS: Mapping[Format, Callable[[ReadAt, int], int]] = {
    QCOW2: qcow2.needed_bytes,
    VMDK: vmdk.needed_bytes,
    VHD: vhd.needed_bytes,
    VHDX: vhdx.needed_bytes,
}
"""The length that an image's file needs by its tables; that of VDI images is in their header."""

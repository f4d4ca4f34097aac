"""Headers made by hand: what QEMU would follow, and what it would get wrong."""

from __future__ import annotations

import os
import struct
import uuid
from functools import partial
from pathlib import Path

import pytest

from extenci.image.containers import check_self_contained
from extenci.image.recognition import foreign_format
from extenci.model.errors import DiskError

DESCRIPTOR = b'# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=%s\nRW 8 SPARSE "a.vmdk"\n%s'


def qcow2(version: int = 3, backing: int = 0, crypt: int = 0, incompatible: int = 0) -> bytes:
    first = struct.pack(">4sIQIIQI", b"QFI\xfb", version, backing, 0, 16, 1 << 30, crypt)
    head = first + struct.pack(">IQQIIQQQQ", 1, 0, 0, 1, 0, 0, incompatible, 0, 0)
    return head.ljust(1024, b"\0")


def vmdk(capacity: int = 8, offset: int = 1, parent: bytes = b"ffffffff", more: bytes = b"") -> bytes:
    head = struct.pack("<4sIIQQQQ", b"KDMV", 1, 3, capacity, 128, offset, 20 if offset else 0)
    return head.ljust(512, b"\0") + (DESCRIPTOR % (parent, more)).ljust(20 * 512, b"\0")


def vhd_footer(kind: int, size: int = 4096) -> bytes:
    head = struct.pack(
        ">8sIIQI4sI4sQQII", b"conectix", 2, 0x10000, 0, 0, b"win ", 0, b"Wi2k", size, size, 0, kind
    )
    return head.ljust(512, b"\0")


def vhdx(flags: int = 0, parent_locator: bool = False, metadata: bool = True) -> bytes:
    region = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
    item = uuid.UUID(
        "a8d35f2d-b30b-454d-abf7-d3d84834ab0c" if parent_locator else "caa16737-fa36-4d43-b3b6-33f0aa44e76b"
    ).bytes_le
    table = struct.pack("<4sIII", b"regi", 0, 1, 0) + region + struct.pack("<QII", 1 << 20, 1 << 20, 1)
    entry = item + struct.pack("<IIII", 65536, 8, 4, 0)
    content = bytearray((1 << 20) + 65536 + 8)
    content[:8] = b"vhdxfile"
    content[192 * 1024 : 192 * 1024 + len(table)] = table
    if metadata:
        content[1 << 20 : (1 << 20) + 64] = struct.pack("<8sHH20x", b"metadata", 0, 1) + entry
        content[-8:] = struct.pack("<II", 1 << 20, flags)
    return bytes(content)


def vdi(kind: int, allocated: int = 1) -> bytes:
    content = bytearray(4096)
    content[:68] = b"<<< x".ljust(64) + b"\x7f\x10\xda\xbe"
    content[0x4C:0x50], content[0x158:0x15C] = struct.pack("<I", kind), struct.pack("<I", 2048)
    content[0x178:0x188] = struct.pack("<IIII", 2048, 0, 9, allocated)
    return bytes(content)


REFUSED = {
    "backing file": (qcow2(backing=512), "a qcow2 image with a backing file"),
    "backing file of version 2": (qcow2(version=2, backing=512), "a qcow2 image with a backing file"),
    "external data": (qcow2(incompatible=4), "a qcow2 image with an external data file"),
    "aes": (qcow2(crypt=1), "an encrypted qcow2 image"),
    "luks": (qcow2(crypt=2), "an encrypted qcow2 image"),
    "qcow 1": (qcow2(version=1), "a qcow image of version 1"),
    "short": (b"QFI\xfb" + bytes(8), "is cut off within its header"),
    "other files": (vmdk(capacity=0), "a VMDK image whose data is in other files"),
    "an extent": (vmdk(offset=0), "one part of a VMDK image"),
    "a hint": (vmdk(more=b'parentFileNameHint="/etc/passwd"\n'), "a VMDK image with a parent"),
    "a parent": (vmdk(parent=b"12345678"), "a VMDK image with a parent"),
    "two parents": (vmdk(more=b"parentCID=12345678\n"), "a VMDK image with a parent"),
    "vhd": (vhd_footer(4) + bytes(1024), "a VHD differencing disk"),
    "fixed vhd that is none": (bytes(4096) + vhd_footer(4), "a VHD differencing disk"),
    "vhd of type 1": (vhd_footer(1) + bytes(1024), "a VHD image of an unknown kind"),
    "fixed vhd cut off": (bytes(4096) + vhd_footer(2, 8192), "says it is longer than its file"),
    "vhdx": (vhdx(flags=2), "a VHDX differencing disk"),
    "vhdx by its locator": (vhdx(parent_locator=True), "a VHDX differencing disk"),
    "vhdx without tables": (vhdx(metadata=False), "without its region and metadata tables"),
    "vdi": (vdi(4), "a VDI image with a parent"),
    "vdi cut off": (vdi(1, 2), "a VDI image that is cut off"),
}  # fmt: skip
ALONE = {
    "qcow2": qcow2(),
    "qcow2 of version 2": qcow2(version=2),
    "vmdk": vmdk(),
    "dynamic vhd": vhd_footer(3) + bytes(1024),
    "fixed vhd": bytes(4096) + vhd_footer(2),
    "vhdx": vhdx(flags=1),
    "vdi": vdi(1),
}


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = foreign_format(partial(os.pread, descriptor), len(content))
        assert found is not None
        check_self_contained(path, descriptor, len(content), found)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("kind", REFUSED)
def test_an_image_that_is_not_whole_in_itself_is_refused(tmp_path: Path, kind: str) -> None:
    content, why = REFUSED[kind]
    with pytest.raises(DiskError) as caught:
        check(tmp_path / "disk", content)
    assert why in caught.value.message
    assert "/etc/passwd" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("kind", ALONE)
def test_an_image_that_is_whole_passes(tmp_path: Path, kind: str) -> None:
    check(tmp_path / "disk", ALONE[kind])


@pytest.mark.parametrize("kind", ALONE)
def test_no_header_however_short_ends_in_anything_but_a_disk_error(tmp_path: Path, kind: str) -> None:
    content = ALONE[kind]
    for length in (8, 20, 60, 76, 100, 200, 520, 192 * 1024 + 20, (1 << 20) + 40):
        cut = content[:length]
        try:
            check(tmp_path / "disk", cut)
        except (DiskError, AssertionError):
            continue

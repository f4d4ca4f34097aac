"""Recognises file systems that fill a whole disk, or begin it, and tells how large they say they are.

Sources: Linux (fs/*/, include/uapi/linux/magic.h) and util-linux (libblkid/src/superblocks/) for magic
numbers and the places of sizes; Microsoft "FAT: General Overview" and "exFAT" specifications; ECMA-119; LVM2,
lib/format_text/layout.h; OpenZFS, include/sys/uberblock_impl.h.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 72 * 1024
"""Bytes at a disk's beginning that hold the superblocks of all file systems but ZFS."""
ZFS_OFFSET = 128 * 1024
ZFS_BYTES = 128 * 1024

_BCACHEFS = (
    uuid.UUID("c68573f6-66ce-90a9-d96a-60cf803df7ef").bytes,
    uuid.UUID("c68573f6-4e1a-45ca-8265-f57f48ba6d81").bytes,
)
_ISO_OFFSET = 0x8000
_ZFS_UBERBLOCKS = ((0x00BAB10C).to_bytes(8, "little"), (0x00BAB10C).to_bytes(8, "big"))


@dataclass(frozen=True)
class FileSystem:
    """A file system: its name with an article, and its length in bytes, None where that is not known.
    `begins_with_code`: its first sector is a boot sector with code where an MBR has its table."""

    name: str
    size: int | None = None
    begins_with_code: bool = False


def find_file_system(head: bytes) -> FileSystem | None:
    """The file system that a disk begins with. `head` has its first `HEAD_BYTES`, fewer of a shorter disk."""
    padded = head.ljust(HEAD_BYTES, b"\0")
    for reader in _READERS:
        if (found := reader(padded)) is not None:
            return found
    return None


def find_iso(head: bytes) -> FileSystem | None:
    """The ISO 9660 file system of a disk."""
    if head[_ISO_OFFSET + 1 : _ISO_OFFSET + 6] != b"CD001" or len(head) < _ISO_OFFSET + 2048:
        return None
    (blocks,) = struct.unpack_from("<I", head, _ISO_OFFSET + 80)
    (block,) = struct.unpack_from("<H", head, _ISO_OFFSET + 128)
    return FileSystem("an ISO 9660 file system", blocks * block or None)


def is_zfs(labels: bytes) -> bool:
    """Whether the `ZFS_BYTES` at `ZFS_OFFSET` hold an uberblock of ZFS."""
    return any(labels[offset : offset + 8] in _ZFS_UBERBLOCKS for offset in range(0, len(labels), 1024))


def _fat(head: bytes) -> FileSystem | None:
    if head[0] not in (0xEB, 0xE9) or not (head[54:57] == b"FAT" or head[82:87] == b"FAT32"):
        return None
    (sector,) = struct.unpack_from("<H", head, 11)
    (few,), (many,) = struct.unpack_from("<H", head, 19), struct.unpack_from("<I", head, 32)
    if sector not in (512, 1024, 2048, 4096) or head[13].bit_count() != 1:
        return None
    return FileSystem("a FAT file system", sector * (few or many), begins_with_code=True)


def _ntfs(head: bytes) -> FileSystem | None:
    if head[3:11] != b"NTFS    ":
        return None
    (sector,), (sectors,) = struct.unpack_from("<H", head, 11), struct.unpack_from("<Q", head, 40)
    return FileSystem("an NTFS file system", sector * sectors, begins_with_code=True)


def _exfat(head: bytes) -> FileSystem | None:
    if head[3:11] != b"EXFAT   " or head[108] > 12:
        return None
    (sectors,) = struct.unpack_from("<Q", head, 72)
    return FileSystem("an exFAT file system", sectors << head[108], begins_with_code=True)


def _ext(head: bytes) -> FileSystem | None:
    block = head[1024:2048]
    inodes, low = struct.unpack_from("<II", block)
    (scale,), (magic,) = struct.unpack_from("<I", block, 24), struct.unpack_from("<H", block, 56)
    (features,), (high,) = struct.unpack_from("<I", block, 96), struct.unpack_from("<I", block, 336)
    if magic != 0xEF53 or scale > 6 or not inodes or not low:
        return None
    blocks = low | (high << 32 if features & 0x80 else 0)
    return FileSystem("an ext2, ext3 or ext4 file system", blocks << (10 + scale))


def _xfs(head: bytes) -> FileSystem | None:
    magic, block, blocks = struct.unpack_from(">4sIQ", head)
    if magic != b"XFSB" or block.bit_count() != 1:
        return None
    return FileSystem("an XFS file system", block * blocks)


def _btrfs(head: bytes) -> FileSystem | None:
    if head[0x10040:0x10048] != b"_BHRfS_M":
        return None
    (size,) = struct.unpack_from("<Q", head, 0x10000 + 0xC9 + 8)  # of this device: dev_item.total_bytes
    return FileSystem("a Btrfs file system", size)


def _f2fs(head: bytes) -> FileSystem | None:
    (magic,), (scale,) = struct.unpack_from("<I", head, 1024), struct.unpack_from("<I", head, 1024 + 16)
    (blocks,) = struct.unpack_from("<Q", head, 1024 + 36)
    if magic != 0xF2F52010 or scale not in range(12, 17):
        return None
    return FileSystem("an F2FS file system", blocks << scale)


def _squashfs(head: bytes) -> FileSystem | None:
    if head[:4] != b"hsqs" or head[28:30] != b"\x04\0":
        return None
    (used,) = struct.unpack_from("<Q", head, 40)
    return FileSystem("a SquashFS file system", used)


def _hfs_plus(head: bytes) -> FileSystem | None:
    magic, version = struct.unpack_from(">2sH", head, 1024)
    if (magic, version) not in ((b"H+", 4), (b"HX", 5)):
        return None
    block, blocks = struct.unpack_from(">II", head, 1024 + 40)
    return FileSystem("an HFS+ file system", block * blocks)


def _lvm(head: bytes) -> FileSystem | None:
    for offset in range(0, 2048, 512):
        label = head[offset : offset + 512]
        if label.startswith(b"LABELONE") and label[24:32] == b"LVM2 001":
            (start,) = struct.unpack_from("<I", label, 20)
            if start > 512 - 40:
                return FileSystem("an LVM physical volume")
            (size,) = struct.unpack_from("<Q", label, start + 32)
            return FileSystem("an LVM physical volume", size)
    return None


def _bcachefs(head: bytes) -> FileSystem | None:
    return FileSystem("a bcachefs file system") if head[4096 + 24 : 4096 + 40] in _BCACHEFS else None


_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (32, b"NXSB", "an APFS container"),
    (512, b"PM\0\0", "an Apple partition map"),
    (512, b"WEV\x82", "a BSD disklabel"),
    (1024, b"\xe2\xe1\xf5\xe0", "an EROFS file system"),
    (8192 + 1372, b"\x54\x19\x01\x00", "a UFS file system"),
    (65536 + 1372, b"\x19\x01\x54\x19", "a UFS file system"),
    (32768, b"JFS1", "a JFS file system"),
    (65536 + 52, b"ReIsEr", "a ReiserFS file system"),
)


def _by_magic(head: bytes) -> FileSystem | None:
    for offset, magic, name in _MAGICS:
        if head.startswith(magic, offset):
            return FileSystem(name)
    return None


_READERS: tuple[Callable[[bytes], FileSystem | None], ...] = (
    _fat, _ntfs, _exfat, _ext, _xfs, _btrfs, _f2fs, _squashfs, _hfs_plus, _lvm, _bcachefs, _by_magic,
)  # fmt: skip

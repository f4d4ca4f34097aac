"""Beginnings of disks with partition tables and file systems, as bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

SECTOR = 512
MIB = 1 << 20
LINUX = 0x83
EXTENDED = 0x05
PROTECTIVE = 0xEE

Partition = tuple[int, int, int]
"""A type, a first sector and a number of sectors."""


def mbr(*partitions: Partition) -> bytes:
    """A sector with a partition table."""
    table = b"".join(struct.pack("<BxxxBxxxII", 0, *one) for one in partitions)
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa"


def gpt(
    sectors: int, partitions: Sequence[tuple[int, int]], sector: int = SECTOR, guard: int = 0xFFFFFFFF
) -> bytes:
    """The beginning of a disk of so many sectors with a GPT, whose partitions have a first and a last
    sector."""
    entries = b"".join(
        struct.pack("<16s16sQQ80x", b"type" * 4, b"self" * 4, first, last) for first, last in partitions
    ).ljust(128 * 128, b"\0")
    table = -(-len(entries) // sector)
    head = struct.pack(
        "<8sIIIIQQQQ16sQIII",
        b"EFI PART", 0x10000, 92, 0, 0, 1, sectors - 1, 2 + table, sectors - 2 - table, b"disk" * 4, 2, 128,
        128, zlib.crc32(entries),
    )  # fmt: skip
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    return mbr((PROTECTIVE, 1, guard)).ljust(sector, b"\0") + head.ljust(sector, b"\0") + entries


def at(offset: int, data: bytes) -> bytes:
    """Bytes at an offset, behind zeros."""
    return bytes(offset) + data


def ext4(blocks: int, scale: int = 2) -> bytes:
    """A superblock of ext4, whose blocks have 1,024 << scale bytes."""
    head = struct.pack("<IIIIIII", 16, blocks, 0, 0, 0, 0, scale).ljust(56, b"\0") + b"\x53\xef"
    return at(1024, head.ljust(1024, b"\0"))


def iso(blocks: int) -> bytes:
    """An ISO 9660 volume descriptor of so many blocks of 2,048 bytes."""
    head = b"\x01CD001\x01".ljust(80, b"\0") + struct.pack("<I", blocks) + bytes(44) + struct.pack("<H", 2048)
    return at(0x8000, head.ljust(2048, b"\0"))


def fat(sectors: int) -> bytes:
    """The boot sector of a FAT32 file system, with code where an MBR has its table."""
    head = bytearray(512)
    head[0:3], head[13], head[82:87], head[446:510] = b"\xeb\x58\x90", 8, b"FAT32", b"\x80\x01\x02\x03" * 16
    head[11:13], head[32:36], head[510:512] = b"\0\x02", struct.pack("<I", sectors), b"\x55\xaa"
    return bytes(head)


def lvm(size: int) -> bytes:
    """The label of an LVM physical volume."""
    return at(512, struct.pack("<8sQII8s32sQ", b"LABELONE", 1, 0, 32, b"LVM2 001", b"uuid" * 8, size))


def btrfs(size: int) -> bytes:
    """A superblock of Btrfs."""
    return at(0x10040, b"_BHRfS_M".ljust(0xC9 - 0x40 + 8, b"\0") + struct.pack("<Q", size))

from __future__ import annotations

import struct
import zlib

import pytest

from extenci.image.content.check import find_fault
from tests.unit.image.content.layouts import (
    EXTENDED,
    LINUX,
    MIB,
    PROTECTIVE,
    SECTOR,
    at,
    btrfs,
    ext4,
    fat,
    gpt,
    iso,
    lvm,
    mbr,
)

SIZE = 8 * MIB
SECTORS = SIZE // SECTOR


def fault_of(content: bytes, size: int = SIZE) -> str:
    """What is wrong with a disk that begins with some bytes and goes on with zeros; "" for nothing."""
    disk = content.ljust(size, b"\0")[:size]
    found = find_fault(lambda length, offset: disk[offset : offset + length], size)
    assert found is None or "raw: true" in found.hint
    return found.text if found else ""


def chain(last: int) -> bytes:
    """Logical partitions, of which the second ends at a sector."""
    first = mbr((LINUX, 1, 100), (EXTENDED, 200, 100))
    second = mbr((LINUX, 1, last - 2248 - 1))
    return mbr((LINUX, 1, 100), (EXTENDED, 2048, 4096)) + at(2047 * SECTOR, first) + at(199 * SECTOR, second)


WHOLE: dict[str, bytes] = {
    "a boot sector alone": mbr(),
    "an MBR": mbr((LINUX, 2048, SECTORS - 2048)),
    "logical partitions": chain(SECTORS),
    "logical partitions in a circle": mbr((EXTENDED, 1, 9)) + mbr((EXTENDED, 0, 9)),
    "code where a table would be": bytes(446) + b"\x12" * 64 + b"\x55\xaa",
    "a GPT": gpt(SECTORS, [(34, 4096)]),
    "a GPT of 4,096-byte sectors": gpt(SIZE // 4096, [(6, 500)], 4096),
    "a GPT on a disk that was grown": gpt(SECTORS // 2, [(34, 4096)]),
    "a GPT without the MBR's signature": at(SECTOR, gpt(SECTORS, [(34, 99)])[SECTOR:]),
    "ext4": ext4(SIZE // 4096),
    "ext4 behind a boot sector": mbr() + ext4(SIZE // 4096)[SECTOR:],
    "xfs": struct.pack(">4sIQ", b"XFSB", 4096, SIZE // 4096),
    "btrfs": btrfs(SIZE),
    "FAT": fat(SECTORS),
    "NTFS": b"\xeb\x52\x90NTFS    \0\x02".ljust(40, b"\0") + struct.pack("<Q", SECTORS - 1),
    "exFAT": b"\xeb\x76\x90EXFAT   ".ljust(72, b"\0") + struct.pack("<Q", SECTORS).ljust(36, b"\0") + b"\x09",
    "f2fs": at(1024, struct.pack("<I12xI16xQ", 0xF2F52010, 12, SIZE // 4096)),
    "squashfs": b"hsqs".ljust(28, b"\0") + b"\x04\0".ljust(12, b"\0") + struct.pack("<Q", SIZE),
    "HFS+": at(1024, struct.pack(">2sH36xII", b"H+", 4, 4096, SIZE // 4096)),
    "LVM": lvm(SIZE),
    "bcachefs": at(4096 + 24, bytes.fromhex("c68573f666ce90a9d96a60cf803df7ef")),
    "ZFS": at(128 * 1024 + 5 * 1024, b"\x0c\xb1\xba\0\0\0\0\0"),
    "UFS 2": at(65536 + 1372, b"\x19\x01\x54\x19"),
    "EROFS": at(1024, b"\xe2\xe1\xf5\xe0"),
    "a hybrid ISO": mbr((0x17, 0, SECTORS)) + iso(SIZE // 2048)[SECTOR:],
    "a hybrid ISO rounded up to a cylinder": mbr((0x17, 0, SECTORS + 16_000)) + iso(SIZE // 2048)[SECTOR:],
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_disk_that_is_known_and_whole_is_taken(kind: str) -> None:
    assert fault_of(WHOLE[kind]) == ""


CUT: dict[str, tuple[bytes, str]] = {
    "an MBR": (mbr((LINUX, 2048, SECTORS - 2047)), "its partition 1 needs 8,389,120 bytes, but the disk has"),
    "an MBR with several": (mbr((LINUX, 1, 5), (LINUX, 2048, SECTORS)), "its partition 2 needs"),
    "an extended partition": (mbr((EXTENDED, 2048, SECTORS)), "its partition 1 needs"),
    "logical partitions": (chain(SECTORS + 1), "its partition 6 needs"),
    "a chain that leads away": (mbr((EXTENDED, 1, 9)) + mbr((EXTENDED, SECTORS, 1)), "its table of"),
    "a GPT": (gpt(2 * SECTORS, [(34, 4096)]), "its GPT needs 16,777,216 bytes"),
    "a GPT's partition": (gpt(SECTORS, [(34, 9), (34, 2 * SECTORS)]), "its partition 2 needs"),
    "a GPT of 4,096-byte sectors": (gpt(SIZE // 2048, [(6, 500)], 4096), "its GPT needs 16,777,216"),
    "a GPT without its table": (mbr((PROTECTIVE, 1, 2 * SECTORS - 1)), "its partition table needs 16"),
    "ext4": (ext4(SIZE // 4096 + 1), "an ext2, ext3 or ext4 file system needs"),
    "xfs": (struct.pack(">4sIQ", b"XFSB", 4096, SIZE), "an XFS file system needs"),
    "btrfs": (btrfs(SIZE + 1), "a Btrfs file system needs"),
    "FAT": (fat(SECTORS + 1), "a FAT file system needs"),
    "LVM": (lvm(SIZE + 1), "an LVM physical volume needs"),
    "a hybrid ISO": (mbr((0x17, 0, SECTORS)) + iso(SIZE // 2048 + 1)[SECTOR:], "an ISO 9660 file system"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CUT)
def test_a_disk_that_is_shorter_than_it_says_is_cut_off(kind: str) -> None:
    content, said = CUT[kind]
    assert fault_of(content).startswith(f"is cut off: {said}")


UNKNOWN: dict[str, tuple[bytes, str]] = {
    "zeros": (b"", "it begins with nothing but zeros"),
    "LUKS": (b"LUKS\xba\xbe\0\2", "it begins with a LUKS header"),
    "swap": (at(4086, b"SWAPSPACE2"), "it is swap space"),
    "text": (b"hello\n" * 1000, "it begins with the text 'hello\\nhello"),
    "noise": (b"\x93\x11\x02", "it begins with the bytes 93 11 02 00"),
    "another image": (b"QFI\xfb", "its content is a qcow2 image"),
    "a CD": (iso(9), "is an ISO 9660 CD image"),
    "a damaged GPT": (gpt(SECTORS, [])[:600] + b"x" + gpt(SECTORS, [])[601:], "has a damaged GPT"),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_disk_that_is_not_known_is_told_by_how_it_begins(kind: str) -> None:
    content, said = UNKNOWN[kind]
    assert said in fault_of(content)


def test_a_gpt_whose_first_copy_is_lost_is_read_from_its_end() -> None:
    whole = gpt(SECTORS, [(34, 4096)])
    entries, header = whole[2 * SECTOR :], bytearray(whole[SECTOR : 2 * SECTOR])
    place = SECTORS - 1
    header[24:32], header[32:40] = struct.pack("<Q", place), struct.pack("<Q", 1)
    header[72:80] = struct.pack("<Q", place - 32)
    seal(header)
    disk = mbr((PROTECTIVE, 1, SECTORS - 1)).ljust(SIZE - 33 * SECTOR, b"\0") + entries + bytes(header)
    assert len(disk) == SIZE
    assert fault_of(disk) == ""
    assert "damaged GPT" in fault_of(disk[:-SECTOR] + bytes(SECTOR))


def seal(header: bytearray) -> None:
    """Write the checksum of a GPT's header into it."""
    header[16:20] = bytes(4)
    header[16:20] = struct.pack("<I", zlib.crc32(bytes(header[:92])))


def test_few_sectors_are_read() -> None:
    disk, read = mbr((EXTENDED, 1, 9)) + mbr((EXTENDED, 1, 9)) * 4000, 0

    def count(length: int, offset: int) -> bytes:
        nonlocal read
        read += length
        return disk[offset : offset + length]

    find_fault(count, len(disk))
    assert read < MIB

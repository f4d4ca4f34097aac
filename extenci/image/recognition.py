"""Recognises the format of a disk by its content, never by its name. Sources: see `extenci.image.formats`."""

from __future__ import annotations

import struct

from extenci.image import formats
from extenci.image.content.mbr import has_signature
from extenci.image.content.not_disks import TAR, no_disk
from extenci.image.formats import Format
from extenci.image.read_at import ReadAt

_AT_START = {
    b"QFI\xfb": formats.QCOW2,
    b"QED\0": formats.QED,
    b"KDMV": formats.VMDK,
    b"COWD": formats.VMDK_EXTENT,
    b"# Disk DescriptorFile": formats.VMDK_DESCRIPTOR,
    b"conectix": formats.VHD,
    b"vhdxfile": formats.VHDX,
    b"\x1f\x8b\x08": formats.GZIP,
    b"\xfd7zXZ\x00": formats.XZ,
    b"\x28\xb5\x2f\xfd": formats.ZSTD,
    b"\x50\x2a\x4d\x18": formats.ZSTD,  # a skippable frame, as pzstd writes it first
    b"\x04\x22\x4d\x18": formats.LZ4,
}
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_VDI_MAGIC = (0xBEDA107F).to_bytes(4, "little")
_HEAD_BYTES = 4096
_SECTOR = 512


def foreign_format(read: ReadAt, size: int) -> Format | None:
    """The format of a file of `size` bytes, or None if it is taken for a raw disk."""
    if (known := format_of_start(read)) is not None:
        return known
    if size >= _SECTOR and read(8, size - _SECTOR) == b"conectix":
        return formats.VHD  # a fixed one: a raw disk with a footer behind it
    if size >= _SECTOR and read(4, size - _SECTOR) == b"koly":
        return formats.DMG
    return None


def format_of_start(read: ReadAt) -> Format | None:
    """The format that the first bytes of a file, or of a disk's content, tell."""
    head = read(_HEAD_BYTES, 0)
    for magic, known in _AT_START.items():
        if head.startswith(magic):
            return known
    if head[:3] == b"BZh" and head[4:10] in _BZIP2_BLOCKS:
        return formats.BZIP2
    if _is_lzma(head):
        return formats.LZMA
    if head[0x40:0x44] == _VDI_MAGIC:
        return formats.VDI
    if head[257:262] == b"ustar" and not has_signature(head):
        return TAR
    return no_disk(read, head)


def _is_lzma(head: bytes) -> bool:
    """The old format has no magic: usual properties (5d), a dictionary of 4 KiB to 1 GiB that is a power of
    two or one and a half of it, a length that is unknown or below 64 TiB, and a first byte that is always 0
    (xz's doc/lzma-file-format.txt)."""
    if head[:3] != b"\x5d\0\0" or len(head) < 18 or head[13] or has_signature(head):
        return False
    dictionary, length = struct.unpack_from("<IQ", head, 1)
    is_usual = dictionary.bit_count() == 1 or (dictionary & dictionary >> 1 and dictionary.bit_count() == 2)
    return bool(is_usual) and dictionary <= 1 << 30 and (length == 2**64 - 1 or 0 < length <= 1 << 46)

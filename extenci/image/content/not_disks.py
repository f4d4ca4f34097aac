"""Recognises what is taken for a disk by mistake: pointers to files, answers of servers, archives, programs.

Sources: Git LFS, docs/spec.md; git-annex, doc/internals/pointer_file; AOSP, libsparse/sparse_format.h;
System V ABI (ELF); Microsoft "PE Format"; Linux, Documentation/arch/x86/boot.rst and arm64/booting.rst;
file(1) for archives.
"""

from __future__ import annotations

import re
import struct

from extenci.image.formats import UNPACK, Format, Unusable
from extenci.image.read_at import ReadAt

_DOWNLOADED = "A download page or an error may have been saved instead of the disk. Open the file to see."
_WRONG_FILE = "Give the path of the disk itself."


def _unusable(name: str, hint: str = _WRONG_FILE) -> Format:
    return Format(name, Unusable(), hint)


def _archive(name: str, command: str) -> Format:
    return _unusable(name, UNPACK.format(tool=command))


LFS = _unusable(
    "a Git LFS pointer, the small text that stands for a file",
    "Fetch the file itself, in its repository: git lfs pull (in a pipeline, check out with LFS).",
)
ANNEX = _unusable(
    "a git-annex pointer, the small text that stands for a file",
    "Fetch the file itself, in its repository: git annex get {path}",
)
HTML = _unusable("a web page (HTML)", _DOWNLOADED)
XML = _unusable("an XML text", _DOWNLOADED)
JSON = _unusable("a JSON text", _DOWNLOADED)
ZIP = _archive("a zip archive", "unzip {path}")
TAR = _archive("a tar archive (an OVA is one)", "tar -xf {path}")
ELF = _unusable("an ELF program or kernel")
PE = _unusable("a Windows or UEFI program (PE)")
KERNEL = _unusable("a Linux kernel")
ANDROID = _unusable("an Android sparse image", "Make a raw disk of it: simg2img {path} DISK.raw")

_AT_START: dict[bytes, Format] = {
    b"version https://git-lfs.github.com/": LFS,
    b"version https://hawser.github.com/": LFS,
    b"/annex/objects/": ANNEX,
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,
    b"7z\xbc\xaf\x27\x1c": _archive("a 7z archive", "7z x {path}"),
    b"Rar!\x1a\x07": _archive("a RAR archive", "unrar x {path}"),
    b"MSCF\0\0\0\0": _archive("a cabinet archive", "cabextract {path}"),
    b"MSWIM\0\0\0": _archive("a WIM archive", "wimapply {path}"),
    b"!<arch>\n": _archive("an ar archive or a Debian package", "ar x {path}"),
    b"\xed\xab\xee\xdb": _archive("an RPM package", "rpm2cpio {path} | cpio -id"),
    b"070701": _archive("a cpio archive (an initramfs is one)", "cpio -id < {path}"),
    b"070707": _archive("a cpio archive (an initramfs is one)", "cpio -id < {path}"),
    b"LZIP": _archive("compressed with lzip", "lzip -dc {path} > DISK.raw"),
    b"\x89LZO\0\r\n\x1a\n": _archive("compressed with lzop", "lzop -dc {path} > DISK.raw"),
    b"\x1f\x9d": _archive("compressed with compress", "uncompress -c {path} > DISK.raw"),
    b"VMA\0": _archive("a Proxmox VMA archive", "vma extract {path} FOLDER"),
    b"\x7fELF": ELF,
    b"\x27\x05\x19\x56": _unusable("a U-Boot image"),
    b"\x3a\xff\x26\xed": ANDROID,
    b"ANDROID!": _unusable("an Android boot image"),
    b"%PDF-": _unusable("a PDF document"),
    b"\x89PNG\r\n\x1a\n": _unusable("a picture (PNG)"),
    b"\xff\xd8\xff": _unusable("a picture (JPEG)"),
    b"GIF8": _unusable("a picture (GIF)"),
    b"SQLite format 3\0": _unusable("an SQLite database"),
}
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")
_JSON = re.compile(rb'(?:\{\s*(?:"|\}\s*$)|\[\s*(?:[\[{"\d\-]|true|false|null|\]\s*$))')
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))


def no_disk(read: ReadAt, head: bytes) -> Format | None:
    """The kind of a file that is no disk; None if it is not known to be anything else. `head` has its first
    4,096 bytes, fewer if it is shorter."""
    for magic, known in _AT_START.items():
        if head.startswith(magic):
            return known
    if head[514:518] == b"HdrS" or head[56:60] == b"ARM\x64":
        return KERNEL
    if _is_pe(read, head):
        return PE
    return _text_format(head) if is_text(head) else None


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are UTF-8 text."""
    if not head or head.translate(None, _CONTROLS) != head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end == len(head) and len(head) - error.start < 4  # the last character is cut
    return True


def _text_format(head: bytes) -> Format | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:16].lower().startswith(_HTML):
        return HTML
    if re.match(rb"<[!?A-Za-z]", text):
        return XML
    return JSON if _JSON.match(text) else None


def _is_pe(read: ReadAt, head: bytes) -> bool:
    """`MZ` alone could be the code of a boot sector."""
    if head[:2] != b"MZ" or len(head) < 64:
        return False
    (place,) = struct.unpack_from("<I", head, 60)
    return read(4, place) == b"PE\0\0"

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.image.raw import read_disk
from extenci.model.errors import DiskError

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 8589934592\n" % (b"4d" * 32)
CONTENT = b"\0" * 512 + b"partition" * 100


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("disk.raw", content)
    return file.getvalue()


def tarred(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("disk.vmdk")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def iso(_: bytes) -> bytes:
    return bytes(0x8000) + b"\x01CD001\x01" + bytes(2041)


FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "qcow2": (lambda _: b"QFI\xfb\0\0\0\3" + bytes(600), "a qcow2 image"),
    "vmdk": (lambda _: b"KDMV\1\0\0\0" + bytes(600), "a VMDK image"),
    "vmdk descriptor": (lambda _: b"# Disk DescriptorFile\nversion=1\n", "a VMDK descriptor"),
    "dynamic vhd": (lambda content: b"conectix" + content, "a VHD image"),
    "fixed vhd": (lambda content: content.ljust(4096, b"\0") + b"conectix".ljust(512, b"\0"), "a VHD image"),
    "vhdx": (lambda _: b"vhdxfile" + bytes(600), "a VHDX image"),
    "vdi": (lambda _: b"<<< Oracle".ljust(64) + b"\x7f\x10\xda\xbe" + bytes(600), "a VDI image"),
    "gzip": (gzip.compress, "compressed with gzip"),
    "xz": (lzma.compress, "compressed with xz"),
    "bzip2": (bz2.compress, "compressed with bzip2"),
    "zstd": (lambda content: b"\x28\xb5\x2f\xfd" + content, "compressed with zstd"),
    "lz4": (lambda content: b"\x04\x22\x4d\x18" + content, "compressed with lz4"),
    "lzma": (lambda content: lzma.compress(content, lzma.FORMAT_ALONE), "compressed with lzma"),
    "html": (lambda _: b"\n<!doctype HTML><p>Sign in".ljust(600), "a web page"),
    "older html": (lambda _: b"<HTML lang=en>".ljust(600), "a web page"),
    "zip": (zipped, "a zip archive"),
    "ova": (tarred, "a tar archive"),
    "LFS pointer": (lambda _: LFS_POINTER, "a Git LFS pointer"),
    "annex pointer": (lambda _: b"/annex/objects/SHA256E-s9--00.raw\n", "a git-annex pointer"),
    "JSON": (lambda _: b'{"message": "Not Found"}', "a JSON text"),
    "a JSON list": (lambda _: b"\xef\xbb\xbf [\n {}]", "a JSON text"),
    "XML": (lambda _: b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "an XML text"),
    "XML without a declaration": (lambda _: b"<Error>AccessDenied</Error>", "an XML text"),
    "7z": (lambda content: b"7z\xbc\xaf\x27\x1c\0\4" + content, "a 7z archive"),
    "RAR": (lambda content: b"Rar!\x1a\x07\x01\0" + content, "a RAR archive"),
    "ELF": (lambda content: b"\x7fELF\2\1\1" + content, "an ELF program"),
    "PE": (
        lambda _: b"MZ".ljust(60, b"\0") + b"\x80\0\0\0".ljust(68, b"\0") + b"PE\0\0",
        "a Windows or UEFI",
    ),
    "kernel": (lambda _: b"MZ".ljust(510, b"\0") + b"\x55\xaa\xeb\x6aHdrS", "a Linux kernel"),
    "Android": (lambda content: b"\x3a\xff\x26\xed\1\0" + content, "an Android sparse image"),
    "PDF": (lambda _: b"%PDF-1.7\n", "a PDF document"),
    "DMG": (lambda content: content.ljust(4096, b"\0") + b"koly".ljust(512, b"\0"), "an Apple disk image"),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_raw_disk_is_told_by_its_content(tmp_path: Path, kind: str) -> None:
    make, name = FILES[kind]
    path = tmp_path / "disk.raw"
    path.write_bytes(make(CONTENT))
    with pytest.raises(DiskError, match=f" is {name}.*, not a raw disk") as caught:
        read_disk(path)
    assert str(path) in str(caught.value.message)
    assert caught.value.hint


def test_qcow2_images_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    path.write_bytes(b"QFI\xfb" + bytes(600))
    with pytest.raises(DiskError) as caught:
        read_disk(path)
    assert str(caught.value) == (
        f"The disk {path} is a qcow2 image, not a raw disk.\n"
        f"Convert it to a raw disk: qemu-img convert -O raw {path} DISK.raw"
    )


def test_the_hint_of_an_lfs_pointer_is_to_fetch_the_file(tmp_path: Path) -> None:
    (tmp_path / "worker.raw").write_bytes(LFS_POINTER)
    with pytest.raises(DiskError) as caught:
        read_disk(tmp_path / "worker.raw")
    assert "git lfs pull" in caught.value.hint


def test_an_iso_with_a_boot_sector_is_a_raw_disk_too(tmp_path: Path) -> None:
    path = tmp_path / "hybrid.iso"
    path.write_bytes(bytes(510) + b"\x55\xaa" + iso(b"")[512:])
    assert read_disk(path).blocks == 1


@pytest.mark.parametrize(
    "content", [b"x", b"BZh9 is no magic alone", b"conectiv", b"MZ and code", b"\x5d\0\0" + CONTENT, CONTENT]
)
def test_anything_else_is_a_raw_disk(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "disk.qcow2"
    path.write_bytes(content)
    assert read_disk(path).size == len(content)

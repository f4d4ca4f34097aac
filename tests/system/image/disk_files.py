"""Disks in every format, made by the programs that people make them with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from extenci.image.raw import read_disk
from extenci.model.version import BLOCK_BYTES
from tests.system.conftest import IN_CI

PACKAGES = {
    "qemu-img": "qemu-utils (RHEL: qemu-img)",
    "xz": "xz-utils (RHEL: xz)",
    "zstd": "zstd",
    "gzip": "gzip",
    "bzip2": "bzip2",
    "openssl": "openssl",
}
IMAGES = {
    "qcow2": ["-O", "qcow2"],
    "qcow2 compressed": ["-O", "qcow2", "-c"],
    "qcow2 of version 2": ["-O", "qcow2", "-o", "compat=0.10"],
    "vmdk": ["-O", "vmdk"],
    "vmdk for OVF": ["-O", "vmdk", "-o", "subformat=streamOptimized"],
    "vhd": ["-O", "vpc"],
    "vhd fixed": ["-O", "vpc", "-o", "subformat=fixed"],
    "vhd exact": ["-O", "vpc", "-o", "force_size=on"],
    "vhd exact fixed": ["-O", "vpc", "-o", "force_size=on,subformat=fixed"],
    "vhdx": ["-O", "vhdx"],
    "vhdx fixed": ["-O", "vhdx", "-o", "subformat=fixed"],
    "vdi": ["-O", "vdi"],
}
PACKERS = {"xz": ["xz", "-1"], "zst": ["zstd", "-q"], "gz": ["gzip", "-1"], "bz2": ["bzip2"]}
FORMATS = [*IMAGES, *PACKERS, "qcow2.xz", "vhd fixed.zst"]
MIB = 1 << 20
YESTERDAY = 86_400


def need(program: str) -> str:
    """A program's path; where there is none, a skip that says how to get it, and a failure in CI."""
    found = shutil.which(program)
    if found is None:
        text = f"There is no {program} here. Install the package {PACKAGES[program]}."
        if os.environ.get(IN_CI):
            pytest.fail(f"{text} {IN_CI} is set.", pytrace=False)
        pytest.skip(text)
    return found


def age(path: Path) -> Path:
    """Make a file one that was written yesterday: nobody has to wait until its time settles."""
    then = path.stat().st_mtime_ns - YESTERDAY * 10**9
    os.utime(path, ns=(then, then))
    return path


def make_raw(path: Path, size: int = 64 * MIB, blocks: int = 6, seed: bytes = b"") -> Path:
    """A sparse disk with random data in some blocks, and a boot sector."""
    with path.open("wb") as file:
        file.truncate(size)
        for number in range(blocks):
            file.seek(number * 5 % (size // BLOCK_BYTES) * BLOCK_BYTES + 4096)
            file.write(os.urandom(100_000) + seed)
        file.seek(size - 10_000)
        file.write(os.urandom(5_000))
        file.seek(510)
        file.write(b"\x55\xaa")
    return age(path)


def make_source(raw: Path, kind: str) -> Path:
    """A raw disk in another format, beside it."""
    inner, _, packer = kind.rpartition(".")
    source = raw.with_name(f"{raw.stem}.{kind.replace(' ', '-')}")
    if inner:
        return pack(make_source(raw, inner), source, packer)
    if kind in PACKERS:
        return pack(raw, source, kind)
    subprocess.run([need("qemu-img"), "convert", *IMAGES[kind], raw, source], check=True)
    return age(source)


def pack(plain: Path, source: Path, packer: str) -> Path:
    """A file, compressed."""
    need(PACKERS[packer][0])
    with plain.open("rb") as file, source.open("wb") as packed:
        subprocess.run([*PACKERS[packer], "-c"], stdin=file, stdout=packed, check=True)
    return age(source)


def digest_of(raw: Path) -> str:
    """The digest of a raw disk."""
    return read_disk(raw).digest

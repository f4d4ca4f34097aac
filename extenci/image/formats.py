"""The formats of disks that are known, and how each is read.

Sources: QEMU docs/interop/qcow2.rst, VMware "Virtual Disk Format 5.0", Microsoft "VHD Image Format"
(footer) and MS-VHDX (file type identifier), RFC 1952 (gzip), RFC 8878 (zstd), the xz and bzip2 formats,
APPNOTE.TXT (zip), POSIX (ustar), VirtualBox VDICore.h, QEMU docs/interop/qed_spec.rst; for what is no disk at
all see `extenci.image.content.not_disks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from extenci.image.problems import shown
from extenci.model.errors import DiskError

_CONVERT = "Convert it to a raw disk: qemu-img convert -O raw {path} DISK.raw"
UNPACK = "Unpack it, and give the path of the disk in it: {tool}"


@dataclass(frozen=True)
class Container:
    """A disk image that qemu-img reads; `driver` is its name for the format."""

    driver: str


@dataclass(frozen=True)
class Packed:
    """A compressed file: the program that decompresses stdin to stdout, and its package (Debian's and RHEL's
    names are the same unless both are given)."""

    program: tuple[str, ...]
    package: str


@dataclass(frozen=True)
class Unusable:
    """A format that is not supported."""


@dataclass(frozen=True)
class Format:
    """A format that is recognised; `name` has its article. `hint` tells how to make a raw disk of it
    manually, and has a field `{path}`."""

    name: str
    way: Container | Packed | Unusable
    hint: str = _CONVERT


def _packed(name: str, package: str, *program: str) -> Format:
    hint = UNPACK.format(tool=f"{program[0]} -dc {{path}} > DISK.raw")
    return Format(f"compressed with {name}", Packed(program, package), hint)


QCOW2 = Format("a qcow2 image", Container("qcow2"))
VMDK = Format("a VMDK image", Container("vmdk"))
VHD = Format("a VHD image", Container("vpc"))
VHDX = Format("a VHDX image", Container("vhdx"))
VDI = Format("a VDI image", Container("vdi"))
# The limits keep a hostile file from taking more memory than any sound one needs: `xz -9` takes 65 MiB, and
# `zstd --ultra -22 --long=30` a window of 1 GiB.
XZ = _packed("xz", "xz-utils (RHEL: xz)", "xz", "-dc", "--memlimit-decompress=1GiB")
ZSTD = _packed("zstd", "zstd", "zstd", "-dcq", "--memory=1024MB", "--no-progress")
GZIP = _packed("gzip", "gzip", "gzip", "-dc")
BZIP2 = _packed("bzip2", "bzip2", "bzip2", "-dc")
LZ4 = Format("compressed with lz4", Unusable(), UNPACK.format(tool="lz4 -dc {path} > DISK.raw"))
LZMA = Format("compressed with lzma", Unusable(), UNPACK.format(tool="xz -dc {path} > DISK.raw"))
QED = Format("a QED image", Unusable())
VMDK_DESCRIPTOR = Format(
    "a VMDK descriptor, which holds no data but names other files",
    Unusable(),
    "Check the files that it names, then make one file of all: qemu-img convert -O qcow2 {path} DISK.qcow2. "
    "If it names one NAME-flat.vmdk, that file is the raw disk.",
)
DMG = Format("an Apple disk image (DMG)", Unusable(), _CONVERT.replace("convert ", "convert -f dmg "))
VMDK_EXTENT = Format("one extent of a VMDK image for ESX", Unusable(), VMDK_DESCRIPTOR.hint)


def refusal(path: Path | str, found: Format) -> DiskError:
    """The error for a file in another format, where only a raw disk will do."""
    return DiskError(
        f"The disk {shown(path)} is {found.name}, not a raw disk.", found.hint.format(path=shown(path))
    )

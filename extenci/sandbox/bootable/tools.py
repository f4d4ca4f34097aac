"""The programs and files that an image is made with, all of them Debian packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import SandboxError

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))
"""Where servers such as dropbear are: no part of most users' PATH."""


@dataclass(frozen=True)
class Tools:
    """The paths of the tools that were found."""

    syslinux: Path
    boot_sector: Path
    mformat: Path
    mcopy: Path
    busybox: Path
    dropbear: Path
    dropbearkey: Path
    ldd: Path
    apt_get: Path
    apt_cache: Path
    dpkg_deb: Path


def find_tools() -> Tools:
    """Finds them. Raises SandboxError that names all that is missing."""
    found = {name: find() for name, (_, find) in _WANTED.items()}
    missing = [name for name, path in found.items() if path is None]
    if not missing:
        return Tools(**{name: path for name, path in found.items() if path is not None})
    packages = list(dict.fromkeys(_WANTED[name][0] for name in missing))
    if "apt" in packages or "dpkg" in packages:
        raise SandboxError(
            "Bootable images are made from Debian's packages, and there is no apt-get and dpkg here.",
            "Make the image on a Debian machine and copy it; it boots anywhere.",
        )
    raise SandboxError(
        f"An image cannot be made, because this machine lacks: {', '.join(missing)}.",
        f"As root: apt-get install --no-install-recommends {' '.join(packages)}",
    )


def _program(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), _SYSTEM)))
        return Path(path) if path else None

    return find


def _file(*places: str) -> Callable[[], Path | None]:
    return lambda: next((Path(place) for place in places if Path(place).is_file()), None)


def _static_busybox() -> Path | None:
    """Only a static one runs where there are no libraries: it has no dynamic loader to ask for."""
    path = _program("busybox")()
    return path if path and b"ld-linux" not in path.read_bytes()[:4096] else None


_WANTED: dict[str, tuple[str, Callable[[], Path | None]]] = {
    "syslinux": ("syslinux", _program("syslinux")),
    "boot_sector": (
        "syslinux-common",
        _file("/usr/lib/syslinux/mbr/mbr.bin", "/usr/lib/SYSLINUX/mbr.bin"),
    ),
    "mformat": ("mtools", _program("mformat")),
    "mcopy": ("mtools", _program("mcopy")),
    "busybox": ("busybox-static", _static_busybox),
    "dropbear": ("dropbear-bin", _program("dropbear")),
    "dropbearkey": ("dropbear-bin", _program("dropbearkey")),
    "ldd": ("libc-bin", _program("ldd")),
    "apt_get": ("apt", _program("apt-get")),
    "apt_cache": ("apt", _program("apt-cache")),
    "dpkg_deb": ("dpkg", _program("dpkg-deb")),
}

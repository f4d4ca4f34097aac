"""Debian's kernel for clouds, downloaded once and kept. No root is needed for that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import SandboxError
from extenci.sandbox.bootable.tools import Tools

METAPACKAGE = "linux-image-cloud-amd64"
MODULES = (
    "failover",
    "net_failover",
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_net",
)
"""For the network, in the order in which they need each other."""


@dataclass(frozen=True)
class Kernel:
    """A kernel and the modules of `MODULES` that it has as files, in their order; others are built in."""

    version: str
    image: Path
    modules: tuple[Path, ...]


def get_kernel(tools: Tools, cache: Path, say: Callable[[str], None]) -> Kernel:
    """The newest kernel that apt knows, from `cache` or downloaded (27 MB). Raises SandboxError."""
    package = _package(tools)
    folder = cache / package
    if not (folder / "boot").is_dir():
        say(f"Downloading {package}")
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as place:
            unpacked = _download(tools, package, Path(place))
            _keep(unpacked, folder)
    return _kernel(folder)


def _package(tools: Tools) -> str:
    answer = _run([tools.apt_cache, "depends", METAPACKAGE], None)
    found = re.search(r"Depends: (linux-image-\S+)", answer)
    if not found:
        raise SandboxError(
            f"apt knows no package {METAPACKAGE}, from which an image's kernel is taken.",
            "As root: apt-get update. (The package is Debian's, for x86_64.)",
        )
    return found[1]


def _download(tools: Tools, package: str, place: Path) -> Path:
    _run([tools.apt_get, "-qq", "-o", "APT::Sandbox::User=", "download", package], place)
    archives = list(place.glob("*.deb"))
    if len(archives) != 1:
        raise SandboxError(f"`apt-get download {package}` left no package behind.", "Try again.")
    unpacked = place / "unpacked"
    _run([tools.dpkg_deb, "-x", archives[0], unpacked], place)
    return unpacked


def _keep(unpacked: Path, folder: Path) -> None:
    """Of 120 MB, what is used; put in its place at once, so that half of it is never found."""
    kept = unpacked.with_name("kept")
    (kept / "boot").mkdir(parents=True)
    (kept / "modules").mkdir()
    for image in unpacked.glob("boot/vmlinuz-*"):
        shutil.copy(image, kept / "boot")
    for name in MODULES:
        for module in unpacked.rglob(f"{name}.ko"):
            shutil.copy(module, kept / "modules")
    try:
        kept.rename(folder)
    except OSError:
        if not (folder / "boot").is_dir():  # else another command was quicker
            raise


def _kernel(folder: Path) -> Kernel:
    images = list(folder.glob("boot/vmlinuz-*"))
    if len(images) != 1:
        raise SandboxError(f"There is no kernel in {folder}.", "Remove this folder and try again.")
    there = (folder / "modules" / f"{name}.ko" for name in MODULES)
    version = images[0].name.removeprefix("vmlinuz-")
    return Kernel(version, images[0], tuple(module for module in there if module.is_file()))


def _run(command: Sequence[str | Path], folder: Path | None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    if done.returncode:
        words = " ".join(str(word) for word in command)
        raise SandboxError(
            f"`{words}` failed: {done.stderr.strip() or done.returncode}",
            "Where packages are not known or not found, as root: apt-get update",
        )
    return done.stdout

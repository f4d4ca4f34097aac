"""The root file system of the image, all of it in memory."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from extenci.sandbox.bootable import guest
from extenci.sandbox.bootable.archive import ArchiveEntry, character_device, file, folder, link, pack
from extenci.sandbox.bootable.kernel import Kernel
from extenci.sandbox.bootable.tools import Tools

_FOLDERS = (
    "bin",
    "sbin",
    "dev",
    "etc",
    "lib",
    "lib/modules",
    "lib64",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/sbin",
    "var",
    "var/log",
)
_MODES = {"root": 0o700, "tmp": 0o1777}


def build(tools: Tools, kernel: Kernel, keys: Sequence[str], *, ssh: bool, panic: bool) -> bytes:
    """The compressed archive: with an SSH server that lets `keys` in or without, or one that panics."""
    entries = [folder(name, _MODES.get(name, 0o755)) for name in _FOLDERS]
    entries += _busybox(tools)
    entries.append(character_device("dev/console", 5, 1))
    if panic:
        entries.append(file("init", guest.PANIC.encode(), 0o755))
    else:
        entries += _system(kernel, keys, ssh=ssh)
        if ssh:
            entries += _programs(tools)
    return gzip.compress(pack(entries), 6, mtime=0)


def _busybox(tools: Tools) -> Iterator[ArchiveEntry]:
    """busybox, and a link to it for each of its programs."""
    yield file("bin/busybox", tools.busybox.read_bytes(), 0o755)
    listed = subprocess.run([tools.busybox, "--list"], capture_output=True, text=True, check=True).stdout
    for name in sorted(set(listed.split()) - {"busybox", "init"}):
        yield link(f"bin/{name}", "/bin/busybox")
    for name in ("sbin/init", "sbin/getty", "sbin/reboot", "sbin/poweroff", "sbin/halt"):
        yield link(name, "/bin/busybox")


def _system(kernel: Kernel, keys: Sequence[str], *, ssh: bool) -> Iterator[ArchiveEntry]:
    modules = [module.stem for module in kernel.modules]
    boot = guest.BOOT.replace("@MODULES@", " ".join(modules))
    boot = boot.replace("@HOST_KEYS@", guest.HOST_KEYS if ssh else "echo 'No SSH server here.' >/dev/console")
    texts = {
        "etc/inittab": guest.INITTAB + (guest.SSH_LINE if ssh else ""),
        "etc/issue": guest.ISSUE,
        "etc/passwd": guest.PASSWD,
        "etc/shells": guest.SHELLS,
        "etc/group": guest.GROUP,
    }
    yield link("init", "/sbin/init")
    for name, text in texts.items():
        yield file(name, text.encode())
    for name, text in (("etc/boot", boot), ("etc/lease", guest.LEASE), ("etc/metadata", guest.METADATA)):
        yield file(name, text.encode(), 0o755)
    yield folder("root/.ssh", 0o700)
    yield file("root/.ssh/authorized_keys", "".join(f"{key}\n" for key in keys).encode(), 0o600)
    for module in kernel.modules:
        yield file(f"lib/modules/{module.name}", module.read_bytes())


def _programs(tools: Tools) -> Iterator[ArchiveEntry]:
    """dropbear and the shared libraries that it needs, where the dynamic loader looks for them."""
    programs = (tools.dropbear, tools.dropbearkey)
    libraries = dict(found for program in programs for found in _libraries(tools, program))
    yield file("usr/sbin/dropbear", tools.dropbear.read_bytes(), 0o755)
    yield file("usr/bin/dropbearkey", tools.dropbearkey.read_bytes(), 0o755)
    for name in sorted(libraries):
        yield file(name, libraries[name].read_bytes(), 0o755)


def _libraries(tools: Tools, program: Path) -> Iterator[tuple[str, Path]]:
    """Place in the image and file here of each library, as ldd(1) lists them."""
    listed = subprocess.run([tools.ldd, program], capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listed, re.MULTILINE):
        place = "lib64" if "/ld-linux" in path else "usr/lib"
        yield f"{place}/{Path(path).name}", Path(path)

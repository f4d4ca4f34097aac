"""Puts kernel and initramfs on a disk that boots by BIOS: boot sector, one FAT partition, syslinux."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import SandboxError
from extenci.sandbox.bootable import initramfs
from extenci.sandbox.bootable.kernel import Kernel, get_kernel
from extenci.sandbox.bootable.tools import Tools, find_tools

MIB = 1 << 20
DISK_MIB = 1024
PARTITION_MIB = 64
OFFSET = MIB
SECTOR = 512
MARK = b"extenci sandbox image\n"
"""In the second sector, which nothing uses: by it we know a file that we may replace."""

_SYSLINUX = """\
SERIAL 0 115200
DEFAULT linux
PROMPT 0
TIMEOUT 0
LABEL linux
  LINUX vmlinuz
  INITRD initrd.gz
  APPEND console=ttyS0,115200 quiet loglevel=4 panic=0 random.trust_cpu=on no_timer_check tsc=reliable
"""


@dataclass(frozen=True)
class Recipe:
    """The contents of an image: the public keys that root may log in with, in OpenSSH's form (more come
    from the metadata service at boot); no SSH server; a kernel that panics."""

    keys: Sequence[str] = ()
    ssh: bool = True
    panic: bool = False


def users_keys(folder: Path | None = None) -> tuple[str, ...]:
    """The public keys in the user's `~/.ssh/id_*.pub`."""
    place = folder or Path.home() / ".ssh"
    return tuple(key for path in sorted(place.glob("id_*.pub")) for key in read_keys(path))


def read_keys(path: Path) -> tuple[str, ...]:
    """The public keys in a file. Raises SandboxError for a file that holds none, or anything else."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"The public key {path} cannot be read: {error}.", "Name another file.") from None
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and all(line.startswith(("ssh-", "ecdsa-", "sk-")) and " " in line for line in lines):
        return tuple(lines)
    raise SandboxError(
        f"{path} is no public key: those begin with ssh-ed25519 or the like.",
        "Name the file that ends with .pub; `ssh-keygen -t ed25519` makes one.",
    )


def make_image(
    target: Path, cache: Path, recipe: Recipe, say: Callable[[str], None] = lambda _: None
) -> None:
    """Makes the disk `target`, 1 GiB and sparse (about 20 MB used), or replaces one made before.

    `cache` is a folder for the kernel; `say` is told what is done. `target` is there whole or not at all.
    Raises SandboxError when something is missing here or `target` is something else.
    """
    check_replaceable(target)
    tools = find_tools()
    kernel = get_kernel(tools, cache, say)
    say(f"Putting Linux {kernel.version} and what it starts in {target}")
    content = initramfs.build(tools, kernel, recipe.keys, ssh=recipe.ssh, panic=recipe.panic)
    try:
        with _replacing(target) as unfinished:
            _write_disk(tools, kernel, content, unfinished)
    except OSError as error:
        raise SandboxError(f"{target} cannot be written: {error}.", "Name a place that can.") from error


def check_replaceable(target: Path) -> None:
    """Raises SandboxError when something is at `target` that was not made here, or its folder is missing."""
    if not target.parent.is_dir():
        raise SandboxError(
            f"{target} cannot be written: there is no folder {target.parent}.",
            "Make it, or name another file.",
        )
    if not target.exists() and not target.is_symlink():
        return
    if target.is_file():
        with target.open("rb") as there:
            there.seek(SECTOR)
            if there.read(len(MARK)) == MARK:
                return
    raise SandboxError(
        f"{target} exists and is no image that extenci made, so it is left alone.",
        "Name another file, or remove this one.",
    )


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o644)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_disk(tools: Tools, kernel: Kernel, content: bytes, disk: Path) -> None:
    with disk.open("r+b") as file:
        file.truncate(DISK_MIB * MIB)
        file.write(_boot_record(tools.boot_sector.read_bytes()))
        file.seek(SECTOR)
        file.write(MARK)
    partition = f"{disk}@@{OFFSET}"
    _run([tools.mformat, "-i", partition, "-T", f"{PARTITION_MIB * 2048}", "-h", "16", "-s", "63", "-N", "0"])
    _run([tools.syslinux, "--install", "--offset", str(OFFSET), disk])
    with tempfile.TemporaryDirectory(dir=disk.parent) as place:
        named = {"vmlinuz": kernel.image.read_bytes(), "initrd.gz": content}
        for name, data in {**named, "syslinux.cfg": _SYSLINUX.encode()}.items():
            (Path(place) / name).write_bytes(data)
        files = sorted(Path(place).iterdir())
        _run([tools.mcopy, "-i", partition, *files, "::/"])


def _boot_record(code: bytes) -> bytes:
    """Syslinux's boot code and one active partition of FAT16 (type 0x0e: addressed by sectors, not heads)."""
    first, count = OFFSET // SECTOR, PARTITION_MIB * MIB // SECTOR
    anywhere = b"\xfe\xff\xff"
    entry = struct.pack("<B3sB3sII", 0x80, anywhere, 0x0E, anywhere, first, count)
    return code[:440].ljust(440, b"\0") + b"XTNC\0\0" + entry.ljust(64, b"\0") + b"\x55\xaa"


def _run(command: Sequence[str | Path]) -> None:
    """Times and numbers are fixed, so that the same parts give the same disk."""
    fixed = {"SOURCE_DATE_EPOCH": "1300000000", "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **fixed},
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        name = Path(command[0]).name
        raise SandboxError(
            f"{name} failed: {(done.stderr or done.stdout).strip() or done.returncode}",
            "That is a fault of this machine or of extenci. Is there room on the disk?",
        )

"""Storage that fails: the kernel itself answers EIO where a sector of a file cannot be read.

QEMU's storage daemon exports the file over itself by FUSE, and its driver `blkdebug` fails the reads of one
sector (QEMU docs/devel/blkdebug.rst; qemu-storage-daemon(1), `--export type=fuse`). The export tells where
the file has holes. Its times are always now, so that a sound one would be told to have changed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DAEMON = "qemu-storage-daemon"
FUSE = Path("/dev/fuse")
UNMOUNT = ("umount", "--lazy")
SECTOR_BYTES = 512
START_SECONDS = 20.0
STOP_SECONDS = 10.0
_REFUSED = "Failed to mount FUSE session"
"""What the daemon says where it may not mount."""


class NoExport(Exception):
    """No file can be exported here; the text says what to do about it."""


class NoDaemon(NoExport):
    """QEMU's storage daemon is not installed."""


def require_tools() -> None:
    """NoExport where something is missing."""
    if shutil.which(DAEMON) is None:
        raise NoDaemon(f"there is no {DAEMON} (Debian: apt-get install qemu-system-common).")
    if not FUSE.exists():
        raise NoExport(f"there is no {FUSE} (modprobe fuse; in a container, --device {FUSE}).")


@contextmanager
def failing_at(byte: int, path: Path) -> Iterator[None]:
    """While the context lasts, the sector at `byte` of a file cannot be read, and all others can. The kernel
    reads pages: what is lost is a page, 4 KiB. NoExport where this user may not mount.
    """
    said = path.with_name(f"{path.name}.daemon")
    with said.open("wb") as log:
        daemon = subprocess.Popen(_command(byte // SECTOR_BYTES, path), stdout=log, stderr=log)
    try:
        _wait_until_exported(path, daemon, said)
        yield
    finally:
        _end(daemon, path)


def _command(sector: int, path: Path) -> list[str]:
    """The daemon opens the file before it covers it; it ends when the tests do, however that is. `none` is
    the event of every request."""
    error = {"event": "none", "iotype": "read", "errno": errno.EIO, "sector": sector, "once": False}
    sound = {"driver": "file", "filename": str(path), "read-only": True}
    failing = {"driver": "blkdebug", "node-name": "failing", "image": sound, "inject-error": [error]}
    export = {"type": "fuse", "id": "export", "node-name": "failing", "mountpoint": str(path)}
    guard = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
    blockdev = json.dumps({**failing, "read-only": True})
    return [*guard, DAEMON, "--blockdev", blockdev, "--export", json.dumps(export)]


def _wait_until_exported(path: Path, daemon: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not os.path.ismount(path):
        if daemon.poll() is not None:
            text = said.read_text("utf-8", "replace").strip()
            if _REFUSED in text:
                raise NoExport(f"{DAEMON} may not mount (in a container, --cap-add SYS_ADMIN): {text}")
            raise AssertionError(f"{DAEMON} ended: {text}")
        assert time.monotonic() < deadline, f"{DAEMON} does not export {path}"
        time.sleep(0.01)


def _end(daemon: subprocess.Popen[bytes], path: Path) -> None:
    """Told to end, the daemon unmounts; one that had to be killed leaves a mount that nobody serves."""
    daemon.terminate()
    try:
        daemon.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
    if daemon.returncode != 0:
        subprocess.run([*UNMOUNT, str(path)], check=False, capture_output=True)

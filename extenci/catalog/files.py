"""Files that are written whole or not at all, and read only where they are regular files."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, content: bytes, *, owner: int | None = None, mode: int | None = None) -> None:
    """Put a file in place at once, instead of an earlier one, and on disk before it has its name. OSError.

    Its mode is 0600 (mkstemp(3)), or `mode`. `owner` is the id of the user who may read it, None for this
    one.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:50]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if owner is not None:
                os.fchown(descriptor, owner, -1)
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def open_regular(path: Path) -> int:
    """A descriptor to read a regular file. OSError for anything else; a FIFO's writer is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return descriptor


def read_whole(path: Path, most_bytes: int) -> bytes:
    """The bytes of a regular file. OSError where it is anything else, or larger than `most_bytes`."""
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes:,} bytes", str(path))
    return content


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within this, nobody else is within it for the same file, which is made and stays (flock(2)). It is for
    what takes an instant: it waits without end. OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

"""How much memory uploads may take, so that a process that uploads stays small whatever it uploads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from extenci.model.version import BLOCK_BYTES

PROCESS_BYTES = 116 * 1024**2
"""What a process may come to need while it uploads: a little less than the 120 MiB that are promised."""
CONNECTION_BYTES = 264 * 1024
"""What a connection takes (measured: TLS and buffers, 254 KiB)."""
_HELD_BYTES = BLOCK_BYTES + CONNECTION_BYTES
LEAST_TOGETHER = 32
LEAST = 8
"""Blocks, each with a connection, for which all uploads, and each of them, have room in any case: also where
a process was large before."""


def resident_bytes() -> int:
    """The memory that this process has now (proc(5), statm); 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


class Room:
    """The bytes that are left, shared evenly by the uploads that are under way. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._uploads = 0
        self._bytes = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Be one of those that share."""
        with self._lock:
            if not self._uploads:
                self._bytes = max(LEAST_TOGETHER * _HELD_BYTES, PROCESS_BYTES - resident_bytes())
            self._uploads += 1
        try:
            yield
        finally:
            with self._lock:
                self._uploads -= 1

    @property
    def share(self) -> int:
        """The bytes that each upload may take at present."""
        return max(LEAST * _HELD_BYTES, self._bytes // max(1, self._uploads))


ROOM = Room()
"""That of this process."""

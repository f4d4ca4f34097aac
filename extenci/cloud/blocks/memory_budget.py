"""The memory that uploads may take, so that a process stays small however much it uploads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from extenci.model.version import BLOCK_BYTES

PROCESS_BYTES = 116 * 1024**2
"""The memory of a whole process that uploads: a little less than the 120 MiB that are promised."""
CONNECTION_BYTES = 264 * 1024
"""The memory of a connection (measured: TLS and buffers, 254 KiB)."""
_HELD_BYTES = BLOCK_BYTES + CONNECTION_BYTES
LEAST_TOGETHER = 32
LEAST = 8
"""Blocks, each with a connection, that all uploads together, and each of them, may always hold, even in a
process that was large before."""


def resident_bytes() -> int:
    """The memory that this process uses now (proc(5), statm); 0 if the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


class MemoryBudget:
    """The bytes that remain below PROCESS_BYTES, shared evenly by the uploads under way. Any thread may use
    it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._uploads = 0
        self._bytes = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Count as an upload under way."""
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
        """The bytes that each upload may use at present."""
        return max(LEAST * _HELD_BYTES, self._bytes // max(1, self._uploads))


MEMORY_BUDGET = MemoryBudget()
"""The budget of this process."""

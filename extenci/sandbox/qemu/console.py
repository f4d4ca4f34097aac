"""The output of a machine's serial console, as much of it as EC2 keeps."""

from __future__ import annotations

import threading

KEPT_BYTES = 65536
"""API reference, GetConsoleOutput: the most recent 64 KB."""


class Console:
    """The last `KEPT_BYTES` bytes, written by one thread and read by others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = bytearray()

    def add(self, data: bytes) -> None:
        with self._lock:
            self._bytes += data
            del self._bytes[:-KEPT_BYTES]

    def note(self, text: str) -> None:
        """A line of the sandbox itself."""
        self.add(f"\r\n[extenci sandbox] {text}\r\n".encode())

    def read(self) -> bytes:
        with self._lock:
            return bytes(self._bytes)

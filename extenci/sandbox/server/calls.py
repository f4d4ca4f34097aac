"""The request log: what was called, by whom, and how it ended; never a body, a query or a secret."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

KEY_CHARACTERS = 12
LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class Record:
    """One line of `calls.jsonl`. `time` is in seconds since 1970; `key` only the access key's beginning;
    `error` is "" when the call succeeded; `changes` tells whether the action, allowed, changes anything."""

    time: float
    service: str
    action: str
    key: str
    status: int
    error: str
    changes: bool


class CallLog:
    """Appends records to `path`; at `limit` bytes it starts anew and keeps the last one as `PATH.1`."""

    def __init__(
        self, path: Path, *, limit: int = LIMIT_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._file = self._open()
        self._size = os.fstat(self._file).st_size

    def write(self, service: str, action: str, key: str, *, status: int, error: str, changes: bool) -> None:
        now = round(self._clock(), 4)
        record = Record(now, service, action, key[:KEY_CHARACTERS], status, error, changes)
        line = (json.dumps(asdict(record)) + "\n").encode()
        with self._lock:
            if self._size + len(line) > self._limit:
                self._rotate()
            self._size += os.write(self._file, line)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def _rotate(self) -> None:
        os.close(self._file)
        self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._file, self._size = self._open(), 0

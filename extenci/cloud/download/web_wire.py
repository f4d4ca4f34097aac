"""HTTP's lines as a stranger's server sends them: none without end.

`http.client` bounds how long a line may be, but neither how many answers `100 Continue` come before one that
counts (RFC 9110, 15.2) nor how many trailers after the last chunk (RFC 9112, 7.1.2), and it takes a chunk
size of -1 for "all that there is".
"""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse
from typing import Any

import urllib3
from urllib3.connection import HTTPSConnection

MOST_LINES = 500
"""In a row, with nothing of a body between them. Python takes 100 header fields."""


class Nonsense(HTTPException):
    """Nothing that HTTP has a meaning for."""


class _Bounded(io.BufferedReader):
    """A connection's bytes, whose reader cannot be kept busy for nothing."""

    _lines = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self._lines += 1
        if self._lines > MOST_LINES:
            raise Nonsense("lines without end")
        return super().readline(size)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise Nonsense("a length below zero")
        self._lines = 0
        return super().read(size)


class _Answer(HTTPResponse):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fp = _Bounded(self.fp.detach())  # a BufferedReader, as yet unread


class _Connection(HTTPSConnection):
    response_class = _Answer


class _Pool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection


def bounded(pool: urllib3.PoolManager) -> urllib3.PoolManager:
    """The pool, whose connections over TLS refuse such answers with Nonsense (inside urllib3's errors)."""
    pool.pool_classes_by_scheme = {**pool.pool_classes_by_scheme, "https": _Pool}
    return pool

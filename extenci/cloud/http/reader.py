"""Reads answers within their bounds, below `http.client`, so that every client of it is bounded alike.

`http.client` and urllib3 bound the length of a line, but neither the number of `100 Continue` answers (RFC
9110, 15.2) nor of trailers (RFC 9112, 7.1.2), nor the bytes and the time of an answer: a time limit of a
socket starts over with each byte. A chunk of -1 bytes makes them read all that the server sends into memory.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import Any

from extenci.cloud.http.bounds import Expectation, TooLong, TooSlow, expectation
from extenci.cloud.http.minimum_rate import RateCheck

MOST_LINES = 500
"""Lines of HTTP in a row, with no bytes of a body between them. Python accepts 100 header fields."""
ENDLESS = 2**62


class AnswerBytes(io.RawIOBase):
    """The bytes of one answer as they come from a socket. Reading raises TooLong and TooSlow, and
    TimeoutError where nothing comes for too long.

    `held` is a file of the same socket, which keeps that open.
    """

    def __init__(
        self,
        source: socket.socket,
        held: io.RawIOBase,
        expected: Expectation,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._socket, self._held, self._clock = source, held, clock
        self._bounds, self._on_wait = expected.bounds, expected.on_wait
        self._left = self._bounds.head_size
        self._rate: RateCheck | None = None
        self._in_head = True
        self._waited = self._silent = 0.0
        source.settimeout(self._bounds.look_seconds)

    def begin_body(self, *, is_error: bool) -> None:
        """Note that the head is read: from here on the bounds of a body hold."""
        self._in_head = False
        size = self._bounds.error_size if is_error else self._bounds.size
        self._left = ENDLESS if size is None else size + io.DEFAULT_BUFFER_SIZE
        self._rate = RateCheck(self._bounds.rate) if self._bounds.rate else None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        view = memoryview(buffer)[: self._left]
        while True:
            began = self._clock()
            try:
                count = self._socket.recv_into(view)
            except TimeoutError:
                self._wait(self._clock() - began)
                continue
            self._wait(self._clock() - began, count)
            self._left -= count
            if self._left <= 0:
                raise TooLong("is longer than any such answer can be")
            return count

    def _wait(self, seconds: float, count: int = 0) -> None:
        self._waited += seconds
        if self._in_head or self._bounds.seconds is not None:
            self._on_wait(self._waited)
        self._silent = 0.0 if count and not self._in_head else self._silent + seconds
        if self._silent > self._bounds.head_seconds:
            raise TimeoutError("no answer in time")
        if self._bounds.seconds is not None and self._waited > self._bounds.seconds:
            raise TooSlow(f"is not complete after {self._waited:.0f} s")
        if self._rate is not None:
            self._rate.gain(count)
            if self._rate.wait(seconds):
                raise TooSlow("arrives too slowly")

    def close(self) -> None:
        """Let go of the socket."""
        if not self.closed:
            self._held.close()
        super().close()


class BoundedReader(io.BufferedReader):
    """The buffered bytes of an answer, from which no server can make `http.client` read lines without end."""

    _lines = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        """See BufferedReader. TooLong after too many lines in a row."""
        self._lines += 1
        if self._lines > MOST_LINES:
            raise TooLong("has lines without end")
        return super().readline(size)

    def read(self, size: int | None = -1, /) -> bytes:
        """See BufferedReader. HTTPException for a length below zero, or none."""
        if size is None or size < 0:
            raise HTTPException("a length below zero")
        self._lines = 0
        return super().read(size)


class BoundedResponse(HTTPResponse):
    """An answer that is read within the bounds that were set by `expecting`."""

    def __init__(self, source: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(source, *args, **named)
        self._bytes = AnswerBytes(source, self.fp.detach(), expectation())
        self.fp = BoundedReader(self._bytes)

    def begin(self) -> None:
        """See HTTPResponse."""
        super().begin()
        self._bytes.begin_body(is_error=self.status >= 300)

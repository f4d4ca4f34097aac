"""One PUT by libcurl: the body that it sends, the answer that it reads, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pycurl

ANSWER_BYTES = 64 * 1024
"""The most bytes of a header, and of a body: no answer to a PUT is that long."""


@dataclass(frozen=True)
class TransferFailure:
    """Why a transfer failed: libcurl's code and text, whether a connection was made, and whether a proxy is
    to blame."""

    code: int
    reason: str
    was_connected: bool
    is_proxy: bool


@dataclass(frozen=True)
class FinishedTransfer:
    """A transfer that ended. `status` is 0 and `failure` is set if there is no whole answer; the names in
    `headers` are in lower case; `seconds` is the time from the connection's being ready to the answer."""

    key: int
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    failure: TransferFailure | None = None


class Body:
    """The body of a PUT. It is released as soon as libcurl, which copies it piece by piece, has the last one,
    so that it takes no memory while the answer is awaited. `on_sent` is called then, or if the transfer ends
    before."""

    def __init__(self, data: bytes = b"", on_sent: Callable[[], None] = lambda: None) -> None:
        self._data: bytes | None = data
        self._position = 0
        self._on_sent = on_sent

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; a slice of all of them makes no copy."""
        if self._data is None:
            return b""
        piece = self._data[self._position : self._position + size]
        self._position += len(piece)
        if self._position == len(self._data):
            self.release()
        return piece

    def seek(self, offset: int, _origin: int) -> int:
        """Go back to a position, as libcurl asks when it begins again; fails once the body is released."""
        if self._data is None:
            return int(pycurl.SEEKFUNC_FAIL)
        self._position = offset
        return int(pycurl.SEEKFUNC_OK)

    def release(self) -> None:
        """Drop the bytes."""
        if self._data is not None:
            self._data = None
            self._on_sent()


@dataclass
class Answer:
    """The part of an answer that has been read, and the body that it answers."""

    key: int
    sent: Body
    lines: list[bytes] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    _header_size: int = 0

    def read(self, data: bytes) -> int:
        """Add a part of the body. Taking less than all of it ends the transfer (CURLOPT_WRITEFUNCTION)."""
        if len(self.body) + len(data) > ANSWER_BYTES:
            return 0
        self.body += data
        return len(data)

    def read_line(self, line: bytes) -> int:
        """Add a line of the header, likewise."""
        self._header_size += len(line)
        if self._header_size > ANSWER_BYTES:
            return 0
        self.lines.append(line)
        return len(line)

    def headers(self) -> dict[str, str]:
        """The headers of the last answer, of several (a proxy's 200, then 201)."""
        text = b"".join(self.lines).decode("latin-1").rpartition("HTTP/")[2]
        pairs = (line.partition(":") for line in text.split("\r\n")[1:])
        return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}

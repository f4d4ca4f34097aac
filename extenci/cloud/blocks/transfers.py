"""PUTs by libcurl, many at a time, in one thread.

The wheel of pycurl brings its own libcurl and OpenSSL, which know no certificates: `Settings.ca_bundle` is
all they trust. The environment (http_proxy, …) is not looked at.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pycurl

ANSWER_BYTES = 64 * 1024
UPLOAD_BUFFER_BYTES = 128 * 1024
WIDE_BUFFER_BYTES = (512 + 16) * 1024
WIDE = 8
"""What libcurl encrypts at a time, more for the first connections, which are all that a fast service needs.
Measured: a tenth less of a processor for each block than with its own 64 KiB; every connection holds it."""
CIPHERS = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""All that TLS 1.3 has for such use, the one that takes least of a processor first."""
_EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


@dataclass(frozen=True)
class Settings:
    """What all transfers have in common. `proxy`: a URL, "" for none; the time limits are in seconds, the
    second one's that of a whole transfer."""

    ca_bundle: str
    proxy: str
    user_agent: str
    connect_seconds: float
    whole_seconds: float


@dataclass(frozen=True)
class Failed:
    """Why a transfer came to nothing: libcurl's code and words, and whether a connection was made, and a
    proxy is to blame."""

    code: int
    reason: str
    was_connected: bool
    is_proxy: bool


@dataclass(frozen=True)
class Finished:
    """A transfer that ended. `status` is 0 and `failed` set where there is no whole answer; the names in
    `headers` are in lower case; `seconds` is the time from the connection being there to the answer."""

    key: int
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    failed: Failed | None = None


class _Body:
    """What a PUT sends. Let go as soon as libcurl, which copies it in pieces, has the last one: while the
    answer is waited for, nothing of it is in memory. `on_sent` is called then, or when it never will be."""

    def __init__(self, data: bytes = b"", on_sent: Callable[[], None] = lambda: None) -> None:
        self._data: bytes | None = data
        self._position = 0
        self._on_sent = on_sent

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; a slice of all of them is no copy."""
        if self._data is None:
            return b""
        piece = self._data[self._position : self._position + size]
        self._position += len(piece)
        if self._position == len(self._data):
            self.let_go()
        return piece

    def seek(self, offset: int, _origin: int) -> int:
        """Go back to a position, which libcurl asks for where it begins anew; refused once all is gone."""
        if self._data is None:
            return int(pycurl.SEEKFUNC_FAIL)
        self._position = offset
        return int(pycurl.SEEKFUNC_OK)

    def let_go(self) -> None:
        """Hold the bytes no more."""
        if self._data is not None:
            self._data = None
            self._on_sent()


@dataclass
class _Answer:
    """What is read of one answer, and the body that it answers."""

    key: int
    sent: _Body
    lines: list[bytes] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    def read(self, data: bytes) -> None:
        """Take in a part of the body; what is past 64 KiB is dropped, for no answer to a PUT is as long."""
        self.body += data[: max(0, ANSWER_BYTES - len(self.body))]

    def headers(self) -> dict[str, str]:
        """The headers of the last of several answers (a proxy's 200, then 201)."""
        text = b"".join(self.lines).decode("latin-1").rpartition("HTTP/")[2]
        pairs = (line.partition(":") for line in text.split("\r\n")[1:])
        return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


class Transfers:
    """PUTs under way. For one thread, but for `wake`."""

    def __init__(self, settings: Settings, most: int) -> None:
        self._settings = settings
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, most)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._epoll = select.epoll()
        self._watched: set[int] = set()
        self._connections: set[int] = set()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._bell, select.EPOLLIN)
        self._ringing = Lock()
        self._is_closed = False
        self._alarm: float | None = None
        self._idle: list[Any] = []
        self._made = 0
        self._under_way: dict[Any, _Answer] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def start(
        self,
        key: int,
        url: str,
        headers: Sequence[str],
        body: bytes,
        on_sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin a PUT. The bytes are let go once they are on their way, or it has failed; `on_sent` is called
        then, in the thread that lets the transfers go on."""
        curl = self._idle.pop() if self._idle else self._make()
        answer = _Answer(key, _Body(body, on_sent))
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, [*headers, "Content-Type:", "Expect:", "Accept:"])
        curl.setopt(pycurl.INFILESIZE_LARGE, len(body))
        curl.setopt(pycurl.READFUNCTION, answer.sent.read)
        curl.setopt(pycurl.SEEKFUNCTION, answer.sent.seek)
        curl.setopt(pycurl.HEADERFUNCTION, answer.lines.append)
        curl.setopt(pycurl.WRITEFUNCTION, answer.read)
        self._under_way[curl] = answer
        self._multi.add_handle(curl)

    def wait(self, seconds: float) -> list[Finished]:
        """Let the transfers go on until one ends, `wake` is called, or the seconds are over."""
        deadline = time.monotonic() + seconds
        while True:
            self._go_on(deadline)
            if found := self._collect():
                return found
            if time.monotonic() >= deadline or self._is_rung():
                return []

    def wake(self) -> None:
        """End a `wait`, the present or the next one. Any thread may, also after `close`."""
        with self._ringing:
            if not self._is_closed:  # its number may be another file's by then
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Break off what is under way, and close all connections."""
        for curl, answer in self._under_way.items():
            self._multi.remove_handle(curl)
            curl.close()
            answer.sent.let_go()
        self._under_way.clear()
        for curl in self._idle:
            curl.close()
        self._idle.clear()
        self._multi.close()
        self._epoll.close()
        with self._ringing:
            self._is_closed = True
            os.close(self._bell)

    def _make(self) -> Any:
        settings, curl = self._settings, pycurl.Curl()
        self._made += 1
        for option, value in (
            (pycurl.UPLOAD, 1),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.PATH_AS_IS, 1),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.CAINFO, settings.ca_bundle),
            (pycurl.PROXY_CAINFO, settings.ca_bundle),
            (pycurl.TLS13_CIPHERS, CIPHERS),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.PROXY, settings.proxy),
            (pycurl.NOPROXY, ""),
            (pycurl.USERAGENT, settings.user_agent),
            (pycurl.NOSIGNAL, 1),
            (pycurl.UPLOAD_BUFFERSIZE, WIDE_BUFFER_BYTES if self._made <= WIDE else UPLOAD_BUFFER_BYTES),
            (pycurl.CONNECTTIMEOUT_MS, int(settings.connect_seconds * 1000)),
            (pycurl.TIMEOUT_MS, int(settings.whole_seconds * 1000)),
        ):
            curl.setopt(option, value)
        curl.setopt(pycurl.SOCKOPTFUNCTION, self._know_connection)
        return curl

    def _know_connection(self, descriptor: int, _purpose: int) -> int:
        """libcurl made a socket for a connection. (What resolves names is watched too.)"""
        self._connections.add(descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _go_on(self, deadline: float) -> None:
        """One step: what the sockets, or libcurl's own clock, have to say."""
        now = time.monotonic()
        until = deadline if self._alarm is None else min(deadline, self._alarm)
        for descriptor, events in self._epoll.poll(max(0.0, until - now)):
            if descriptor == self._bell:
                continue
            happened = pycurl.CSELECT_IN if events & (select.EPOLLIN | select.EPOLLHUP) else 0
            happened |= pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
            happened |= pycurl.CSELECT_ERR if events & select.EPOLLERR else 0
            self._multi.socket_action(descriptor, happened)
        if self._alarm is not None and time.monotonic() >= self._alarm:
            self._alarm = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _is_rung(self) -> bool:
        try:
            os.eventfd_read(self._bell)
        except BlockingIOError:
            return False
        return True

    def _watch(self, what: int, descriptor: int, _multi: Any, _known: Any) -> None:
        """libcurl tells which events of which socket it waits for."""
        if descriptor in self._connections and what in (pycurl.POLL_IN, pycurl.POLL_REMOVE):
            _set_cork(descriptor, is_on=what == pycurl.POLL_REMOVE)  # for the next request; all is sent
        if what == pycurl.POLL_REMOVE:
            if descriptor in self._watched:
                self._watched.remove(descriptor)
                with suppress(OSError):  # closed already
                    self._epoll.unregister(descriptor)
            return
        events = _EVENTS.get(what, 0)
        if descriptor in self._watched:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)
            self._watched.add(descriptor)

    def _set_timer(self, milliseconds: int) -> None:
        self._alarm = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _collect(self) -> list[Finished]:
        found: list[Finished] = []
        more = 1
        while more:
            more, good, bad = self._multi.info_read()
            found.extend(self._finish(curl, None) for curl in good)
            found.extend(self._finish(curl, self._why(curl, code, reason)) for curl, code, reason in bad)
        return found

    def _why(self, curl: Any, code: int, reason: str) -> Failed:
        was_connected = bool(curl.getinfo(pycurl.PRETRANSFER_TIME))
        refused = curl.getinfo(pycurl.HTTP_CONNECTCODE) not in (0, 200)
        unreachable = bool(self._settings.proxy) and code == pycurl.E_COULDNT_CONNECT
        is_proxy = refused or unreachable or code in (pycurl.E_COULDNT_RESOLVE_PROXY, _E_PROXY)
        return Failed(code, reason, was_connected, is_proxy)

    def _finish(self, curl: Any, failed: Failed | None) -> Finished:
        answer = self._under_way.pop(curl)
        self._multi.remove_handle(curl)
        answer.sent.let_go()
        self._idle.append(curl)
        return Finished(
            key=answer.key,
            status=0 if failed else int(curl.getinfo(pycurl.RESPONSE_CODE)),
            headers=answer.headers(),
            body=bytes(answer.body),
            seconds=curl.getinfo(pycurl.TOTAL_TIME) - curl.getinfo(pycurl.PRETRANSFER_TIME),
            failed=failed,
        )


def _set_cork(descriptor: int, *, is_on: bool) -> None:
    """Have the packets of a connection filled, or what is held back for that sent (tcp(7), TCP_CORK).

    TLS cuts a body into records of 16 KiB, which libcurl gives to the system one at a time. Measured on the
    loopback: a fifth less of a processor for each block on this side, a quarter on the other.
    """
    with suppress(OSError):  # no connection any more
        connection = socket.socket(fileno=descriptor)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, is_on)
        finally:
            connection.detach()


_E_PROXY = 97  # CURLE_PROXY, which older pycurls do not name

"""Many PUTs by libcurl at a time, in one thread."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import pycurl

from extenci.cloud.blocks.curl_handle import WIDE, TransferSettings, new_handle, set_cork
from extenci.cloud.blocks.transfer import Answer, Body, FinishedTransfer, TransferFailure

_EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
_E_PROXY = 97  # CURLE_PROXY, which older pycurls do not name


class Transfers:
    """The PUTs under way. For one thread, except `wake`."""

    def __init__(self, settings: TransferSettings, most: int) -> None:
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
        self._under_way: dict[Any, Answer] = {}

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
        """Begin a PUT. The bytes are released once they are sent, or the PUT has failed; `on_sent` is called
        then, in the thread that calls `wait`."""
        curl = self._idle.pop() if self._idle else self._new_handle()
        answer = Answer(key, Body(body, on_sent))
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, [*headers, "Content-Type:", "Expect:", "Accept:"])
        curl.setopt(pycurl.INFILESIZE_LARGE, len(body))
        curl.setopt(pycurl.READFUNCTION, answer.sent.read)
        curl.setopt(pycurl.SEEKFUNCTION, answer.sent.seek)
        curl.setopt(pycurl.HEADERFUNCTION, answer.read_line)
        curl.setopt(pycurl.WRITEFUNCTION, answer.read)
        self._under_way[curl] = answer
        self._multi.add_handle(curl)

    def wait(self, seconds: float) -> list[FinishedTransfer]:
        """Run the transfers until one ends, `wake` is called, or the seconds are over."""
        deadline = time.monotonic() + seconds
        while True:
            self._go_on(deadline)
            if found := self._collect():
                return found
            if time.monotonic() >= deadline or self._is_rung():
                return []

    def wake(self) -> None:
        """End the present or the next `wait`. Any thread may call it, also after `close`."""
        with self._ringing:
            if not self._is_closed:  # its number may be another file's by then
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Abort the transfers under way, and close all connections."""
        for curl, answer in self._under_way.items():
            self._multi.remove_handle(curl)
            curl.close()
            answer.sent.release()
        self._under_way.clear()
        for curl in self._idle:
            curl.close()
        self._idle.clear()
        self._multi.close()
        self._epoll.close()
        with self._ringing:
            self._is_closed = True
            os.close(self._bell)

    def _new_handle(self) -> Any:
        self._made += 1
        curl = new_handle(self._settings, is_wide=self._made <= WIDE)
        curl.setopt(pycurl.SOCKOPTFUNCTION, self._know_connection)
        return curl

    def _know_connection(self, descriptor: int, _purpose: int) -> int:
        """Note a socket that libcurl made for a connection; it also has sockets that resolve names."""
        self._connections.add(descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _go_on(self, deadline: float) -> None:
        """One step: pass events of sockets, and of libcurl's own timer, to libcurl."""
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
        """Watch a socket for the events that libcurl waits for."""
        if descriptor in self._connections and what in (pycurl.POLL_IN, pycurl.POLL_REMOVE):
            set_cork(descriptor, is_on=what == pycurl.POLL_REMOVE)  # for the next request; all is sent
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

    def _collect(self) -> list[FinishedTransfer]:
        found: list[FinishedTransfer] = []
        more = 1
        while more:
            more, good, bad = self._multi.info_read()
            found.extend(self._finish(curl, None) for curl in good)
            found.extend(self._finish(curl, self._why(curl, code, reason)) for curl, code, reason in bad)
        return found

    def _why(self, curl: Any, code: int, reason: str) -> TransferFailure:
        was_connected = bool(curl.getinfo(pycurl.PRETRANSFER_TIME))
        refused = curl.getinfo(pycurl.HTTP_CONNECTCODE) not in (0, 200)
        unreachable = bool(self._settings.proxy) and code == pycurl.E_COULDNT_CONNECT
        is_proxy = refused or unreachable or code in (pycurl.E_COULDNT_RESOLVE_PROXY, _E_PROXY)
        return TransferFailure(code, reason, was_connected, is_proxy)

    def _finish(self, curl: Any, failure: TransferFailure | None) -> FinishedTransfer:
        answer = self._under_way.pop(curl)
        self._multi.remove_handle(curl)
        answer.sent.release()
        self._idle.append(curl)
        return FinishedTransfer(
            key=answer.key,
            status=0 if failure else int(curl.getinfo(pycurl.RESPONSE_CODE)),
            headers=answer.headers(),
            body=bytes(answer.body),
            seconds=curl.getinfo(pycurl.TOTAL_TIME) - curl.getinfo(pycurl.PRETRANSFER_TIME),
            failure=failure,
        )

"""A server that takes blocks as EBS direct does, or misbehaves as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.http_server import LocalServer

BLOCK = re.compile(r".*/snapshots/[^/]+/blocks/([0-9]+)")


@dataclass(frozen=True)
class Say:
    """Answer with a status, a JSON body and headers; the block is not stored. `promised` is what the header
    Content-Length says, where it is not the truth; `reason` that of a ValidationException."""

    status: int
    code: str = ""
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Reset:
    """Reset the connection after so many bytes of the body."""

    after: int = 100_000


@dataclass(frozen=True)
class Lose:
    """Store the block, answer with the first bytes of an answer, and close."""

    answered: bytes = b""


@dataclass(frozen=True)
class Stall:
    """Read the body, and answer nothing until the server ends."""


@dataclass(frozen=True)
class Store:
    """Store the block and confirm it; `damaged`: confirm something else."""

    damaged: bool = False
    seconds: float = 0.0


Behaviour = Say | Reset | Lose | Stall | Store


@dataclass
class BlockServer:
    """What came: `stored` has the blocks, `asked` how often each was put, `most` the most at a time, `paths`
    and `tokens` those of all requests."""

    behave: Callable[[int, int], Behaviour]
    url: str = ""
    stored: dict[int, bytes] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    most: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    present: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: BlockServer

    def do_PUT(self) -> None:
        state = self.state
        found = BLOCK.fullmatch(self.path)
        index = int(found.group(1)) if found else -1
        with state.lock:
            state.asked[index] += 1
            state.paths.append(self.path)
            state.tokens.append(self.headers.get("x-amz-security-token"))
            state.present += 1
            state.most = max(state.most, state.present)
            number = state.asked[index]
        try:
            self._act(state.behave(index, number), index)
        finally:
            with state.lock:
                state.present -= 1

    def _act(self, behaviour: Behaviour, index: int) -> None:
        match behaviour:
            case Reset(after):
                self.rfile.read(after)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            case _:
                data = self.rfile.read(int(self.headers["Content-Length"]))
        match behaviour:
            case Say():
                self._say(behaviour)
            case Lose(answered):
                self.state.stored[index] = data
                self.wfile.write(answered)
                self.close_connection = True
            case Stall():
                self.state.ended.wait(60)
                self.close_connection = True
            case Store(damaged, seconds):
                self.state.ended.wait(seconds)
                self.state.stored[index] = data
                digest = hashlib.sha256(b"other" if damaged else data).digest()
                headers = {"x-amz-Checksum": base64.b64encode(digest).decode()}
                self._say(Say(201, headers=headers))
            case _:
                raise AssertionError(behaviour)

    def _say(self, say: Say) -> None:
        told = {"message": say.message, "Reason": say.reason}
        content = {name: text for name, text in told.items() if text}
        body = json.dumps(content).encode()
        self.send_response(say.status)
        if say.code:
            self.send_header("x-amzn-ErrorType", say.code)
        for name, value in say.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(say.promised or len(body)))
        self.end_headers()
        self.wfile.write(body)
        if say.promised:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _Server(LocalServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that break off are what some tests are about."""


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def block_server(
    behave: Callable[[int, int], Behaviour] = lambda _index, _number: Store(),
    *,
    host: str = "127.0.0.1",
    context: ssl.SSLContext | None = None,
) -> Iterator[BlockServer]:
    """A server; `behave` is asked with a block's index and how often it was put by now, from 1."""
    state = BlockServer(behave)
    handler = type("Handler", (_Handler,), {"state": state})
    server = (_Server6 if ":" in host else _Server)((host, 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    name = f"[{host}]" if ":" in host else host
    state.url = f"{'https' if context else 'http'}://{name}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()

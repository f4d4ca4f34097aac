"""One end of a `-netdev socket`: frames over a stream, each after 4 bytes of length (QEMU net/socket.c)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

READ_BYTES = 262144
WAITING_BYTES = 4 << 20


class Cable:
    """Never blocks. What the other side does not take in time is lost, as on any Ethernet."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.socket = end
        self._in = bytearray()
        self._out = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._out)

    def frames(self) -> Iterator[bytes]:
        """The frames that are there. Raises EOFError when the other side is gone."""
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        self._in += data
        position = 0
        while len(self._in) >= position + 4:
            (length,) = struct.unpack_from("!I", self._in, position)
            if len(self._in) < position + 4 + length:
                break
            yield bytes(self._in[position + 4 : position + 4 + length])
            position += 4 + length
        del self._in[:position]

    def send(self, frame: bytes) -> None:
        if len(self._out) < WAITING_BYTES:
            self._out += struct.pack("!I", len(frame)) + frame
            self.flush()

    def flush(self) -> None:
        """Sends what can be sent now. Raises EOFError when the other side is gone."""
        try:
            while self._out:
                del self._out[: self.socket.send(self._out)]
        except BlockingIOError:
            return
        except OSError as error:
            raise EOFError from error

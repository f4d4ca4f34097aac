"""QEMU's monitor: commands and events as lines of JSON (QEMU docs/interop/qmp-spec.txt)."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any


class Monitor:
    """Never blocks: commands are sent one after the other, and their answers given to who asked."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.socket = end
        self.ready = False
        """QEMU has said that it is there: the machine exists."""
        self._in = bytearray()
        self._asked: list[Callable[[str], None]] = []

    def read(self) -> Iterator[str]:
        """The names of the events that are there. Raises EOFError when QEMU is gone."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        self._in += data
        *lines, rest = bytes(self._in).split(b"\n")
        self._in[:] = rest
        for line in filter(bytes.strip, lines):
            said = json.loads(line)
            if "QMP" in said:
                self._send({"execute": "qmp_capabilities"}, self._is_ready)
            elif "event" in said:
                yield str(said["event"])
            elif self._asked:
                self._asked.pop(0)(_words(said))

    def _is_ready(self, _: str) -> None:
        self.ready = True

    def reset(self) -> None:
        """Reset the machine, as its button would."""
        self._send({"execute": "system_reset"}, lambda _: None)

    def human(self, line: str, answered: Callable[[str], None]) -> None:
        """A command of the monitor for people: the only way to forward ports. It answers `""` when it did."""
        command = {"execute": "human-monitor-command", "arguments": {"command-line": line}}
        self._send(command, answered)

    def _send(self, command: dict[str, Any], answered: Callable[[str], None]) -> None:
        self._asked.append(answered)
        try:
            self.socket.sendall(json.dumps(command).encode() + b"\n")
        except OSError as error:
            raise EOFError from error


def _words(said: dict[str, Any]) -> str:
    if "error" in said:
        return str(said["error"].get("desc", "error"))
    found = said.get("return", "")
    return found.strip() if isinstance(found, str) else ""

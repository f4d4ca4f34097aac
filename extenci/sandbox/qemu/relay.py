"""Stands between a machine's network card and QEMU's user networking, for two things that it lacks:

- The metadata service at 169.254.169.254.
- Ports that are closed. With `hostfwd` alone every port here accepts connections from the moment the QEMU
  process is there, whatever the machine does. So each port is asked for with a SYN, whose answer no
  program in the machine sees, and is forwarded only while the machine listens on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extenci.sandbox.qemu import frames
from extenci.sandbox.qemu.cable import Cable

CLOSED_SECONDS = 0.25
OPEN_SECONDS = 2.0
"""How often ports are asked for that were closed, and open, the last time."""


@dataclass
class Port:
    """One port of the machine. `asked`: when a probe was sent last."""

    number: int
    open: bool = False
    asked: float = -OPEN_SECONDS


class Relay:
    """Moves frames between `machine` and `outside`; `changed(port, address, open)` is told of changes."""

    def __init__(
        self,
        machine: Cable,
        outside: Cable,
        *,
        mac: bytes,
        ports: Sequence[int],
        metadata_port: int,
        changed: Callable[[int, bytes, bool], None],
    ) -> None:
        self._machine = machine
        self._outside = outside
        self._mac = mac
        self._ports = [Port(number) for number in ports]
        self._metadata_port = metadata_port
        self._changed = changed
        self._address: bytes | None = None

    def from_machine(self) -> None:
        """Takes on what the machine sent. Raises EOFError when it is gone."""
        for frame in self._machine.frames():
            self._address = frames.sender(frame) or self._address
            if answer := frames.metadata_arp(frame):
                self._machine.send(answer)
            elif not self._is_probed(frame) and (changed := frames.outgoing(frame, self._metadata_port)):
                self._outside.send(changed)

    def from_outside(self) -> None:
        """Takes on what user networking sent. Raises EOFError when it is gone."""
        for frame in self._outside.frames():
            self._machine.send(frames.from_metadata(frame, self._metadata_port))

    def ask(self, now: float) -> None:
        """Sends the probes that are due, once the machine has an address."""
        if self._address is None:
            return
        for index, port in enumerate(self._ports):
            if now - port.asked >= (OPEN_SECONDS if port.open else CLOSED_SECONDS):
                port.asked = now
                self._machine.send(frames.probe(self._mac, self._address, port.number, index))

    def forget(self) -> None:
        """The machine was reset: nothing listens."""
        for port in self._ports:
            self._set(port, is_open=False)
        self._address = None

    def _is_probed(self, frame: bytes) -> bool:
        """Whether a frame answers a probe; then it is made use of, and goes no further."""
        segment = frames.segment_of(frame)
        if segment is None or segment.target != frames.GATEWAY or self._address is None:
            return False
        index = segment.target_port - frames.FIRST_PROBE_PORT
        if not 0 <= index < len(self._ports) or segment.source_port != self._ports[index].number:
            return False
        port = self._ports[index]
        if segment.flags & frames.RST:
            self._set(port, is_open=False)
        elif segment.flags & frames.SYN:
            end = segment.acknowledgement
            self._machine.send(frames.probe(self._mac, self._address, port.number, index, reset=end))
            self._set(port, is_open=True)
        return True

    def _set(self, port: Port, *, is_open: bool) -> None:
        if port.open != is_open and self._address is not None:
            port.open = is_open
            self._changed(port.number, self._address, is_open)

"""Frames of machines: what is rewritten keeps checksums that fit, and what is asked for gets answers."""

from __future__ import annotations

import socket
import struct

import pytest

from extenci.sandbox.qemu import frames
from extenci.sandbox.qemu.cable import Cable
from extenci.sandbox.qemu.relay import Relay

MAC = bytes.fromhex("021122334455")
GUEST = bytes([10, 0, 2, 15])
ELSEWHERE = bytes([93, 184, 216, 34])


def sum16(data: bytes) -> int:
    total = sum(int(word) for (word,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def tcp(
    source: tuple[bytes, int], target: tuple[bytes, int], flags: int = frames.SYN, data: bytes = b""
) -> bytes:
    """A frame of the guest's or to it, with right checksums."""
    segment = struct.pack("!HHIIBBHHH", source[1], target[1], 7, 9, 5 << 4, flags, 1000, 0, 0) + data
    pseudo = source[0] + target[0] + struct.pack("!BBH", 0, 6, len(segment))
    segment = segment[:16] + struct.pack("!H", ~sum16(pseudo + segment) & 0xFFFF) + segment[18:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0, source[0], target[0])
    head = head[:10] + struct.pack("!H", ~sum16(head) & 0xFFFF) + head[12:]
    return frames.GATEWAY_MAC + MAC + b"\x08\x00" + head + segment


def fits(frame: bytes) -> bool:
    """Whether both checksums are right: with them, all sums are 0xffff."""
    pseudo = frame[26:34] + struct.pack("!BBH", 0, 6, len(frame) - 34)
    return sum16(frame[14:34]) == 0xFFFF and sum16(pseudo + frame[34:]) == 0xFFFF


@pytest.mark.parametrize("data", [b"", b"G", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1460])
def test_the_metadata_service_is_found_at_a_port_of_the_host_and_back(data: bytes) -> None:
    asked = tcp((GUEST, 40000), (frames.METADATA, 80), data=data)
    assert fits(asked)
    sent = frames.outgoing(asked, 45123)
    assert sent is not None
    found = frames.segment_of(sent)
    assert found is not None
    assert (found.target, found.target_port, fits(sent)) == (frames.GATEWAY, 45123, True)
    answered = frames.from_metadata(tcp((frames.GATEWAY, 45123), (GUEST, 40000), data=data), 45123)
    seen = frames.segment_of(answered)
    assert seen is not None
    assert (seen.source, seen.source_port, fits(answered)) == (frames.METADATA, 80, True)


def test_nothing_else_that_is_link_local_leaves_the_machine() -> None:
    assert frames.outgoing(tcp((GUEST, 40000), (frames.METADATA, 81)), 45123) is None
    assert frames.outgoing(tcp((GUEST, 40000), (bytes([169, 254, 170, 2]), 80)), 45123) is None
    elsewhere = tcp((GUEST, 40000), (ELSEWHERE, 80))
    assert frames.outgoing(elsewhere, 45123) == elsewhere
    assert frames.from_metadata(elsewhere, 45123) == elsewhere


def udp(target: bytes, port: int) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, GUEST, target)
    return frames.GATEWAY_MAC + MAC + b"\x08\x00" + head + struct.pack("!HHHH", 68, port, 8, 0)


def test_what_listens_on_the_host_only_is_out_of_reach() -> None:
    """User networking leads what is sent to the gateway, and to 127.0.0.1, to the host's loopback."""
    for target in (frames.GATEWAY, bytes([127, 0, 0, 1]), bytes(4), b"\xff" * 4):
        assert frames.outgoing(tcp((GUEST, 40000), (target, 5432)), 45123) is None
        assert frames.outgoing(udp(target, 53), 45123) is None
    for kept in (
        tcp((GUEST, 22), (frames.GATEWAY, 50000), frames.SYN | frames.ACK),
        tcp((GUEST, 22), (frames.GATEWAY, 50000), frames.ACK, b"data"),
        udp(frames.GATEWAY, 67),
        udp(b"\xff" * 4, 67),
        udp(bytes([10, 0, 2, 3]), 53),
    ):
        assert frames.outgoing(kept, 45123) == kept


def test_who_asks_for_the_metadata_services_address_is_told_the_gateways() -> None:
    head = b"\xff" * 6 + MAC + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    answer = frames.metadata_arp(head + MAC + GUEST + bytes(6) + frames.METADATA)
    assert answer is not None
    assert (answer[:6], answer[20:22]) == (MAC, b"\x00\x02")
    assert (answer[22:28], answer[28:32], answer[32:42]) == (
        frames.GATEWAY_MAC,
        frames.METADATA,
        MAC + GUEST,
    )
    assert frames.metadata_arp(head + MAC + GUEST + bytes(6) + frames.GATEWAY) is None


@pytest.mark.parametrize("length", range(0, 60, 3))
def test_cut_off_frames_are_passed_over(length: int) -> None:
    """A machine may send anything."""
    for whole in (
        tcp((GUEST, 1), (frames.METADATA, 80)),
        b"\xff" * 12 + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + bytes(40),
    ):
        cut = whole[:length]
        frames.segment_of(cut)
        frames.metadata_arp(cut)
        assert frames.sender(cut) in (None, GUEST)
        assert frames.outgoing(cut, 1) in (None, cut) or length >= 54


class Wire:
    """A relay whose both sides are in the hands of a test."""

    def __init__(self, ports: tuple[int, ...]) -> None:
        self.changes: list[tuple[int, bytes, bool]] = []
        self._ends = [*socket.socketpair(), *socket.socketpair()]
        card, machine, uplink, outside = self._ends
        self.machine, self.outside = Cable(machine), Cable(outside)
        self.relay = Relay(
            Cable(card),
            Cable(uplink),
            mac=MAC,
            ports=ports,
            metadata_port=45123,
            changed=lambda *change: self.changes.append(change),
        )

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.close()

    def say(self, frame: bytes) -> None:
        self.machine.send(frame)
        self.relay.from_machine()


def test_a_port_is_open_here_while_the_machine_listens() -> None:
    with Wire((22, 80)) as wire:
        wire.relay.ask(0)
        assert list(wire.machine.frames()) == [], "a machine without an address is not asked"
        wire.say(tcp((GUEST, 5000), (ELSEWHERE, 443)))
        assert len(list(wire.outside.frames())) == 1
        wire.relay.ask(0)
        asked = list(wire.machine.frames())
        probes = [frames.segment_of(frame) for frame in asked]
        assert all(map(fits, asked))
        assert [(one.target_port, one.flags) for one in probes if one] == [(22, frames.SYN), (80, frames.SYN)]

        wire.say(tcp((GUEST, 22), (frames.GATEWAY, frames.FIRST_PROBE_PORT), frames.SYN | frames.ACK))
        wire.say(tcp((GUEST, 80), (frames.GATEWAY, frames.FIRST_PROBE_PORT + 1), frames.RST | frames.ACK))
        assert wire.changes == [(22, GUEST, True)]
        (reset,) = list(wire.machine.frames())
        found = frames.segment_of(reset)
        assert found is not None
        assert (found.flags, found.sequence, found.target_port) == (frames.RST, 9, 22)
        assert list(wire.outside.frames()) == [], "answers to probes are nobody else's"

        wire.relay.ask(0.1)
        assert list(wire.machine.frames()) == []
        wire.relay.ask(10)
        assert len(list(wire.machine.frames())) == 2
        wire.say(tcp((GUEST, 22), (frames.GATEWAY, frames.FIRST_PROBE_PORT), frames.RST | frames.ACK))
        assert wire.changes[1:] == [(22, GUEST, False)]


def test_a_reset_machine_listens_nowhere() -> None:
    with Wire((22,)) as wire:
        wire.say(tcp((GUEST, 22), (frames.GATEWAY, frames.FIRST_PROBE_PORT), frames.SYN | frames.ACK))
        wire.relay.forget()
        assert wire.changes == [(22, GUEST, True), (22, GUEST, False)]


def test_a_cable_loses_nothing_of_frames_that_come_in_pieces() -> None:
    ours, theirs = socket.socketpair()
    cable = Cable(ours)
    data = b"".join(struct.pack("!I", len(frame)) + frame for frame in (b"one", b"", b"three"))
    found = []
    for byte in data:
        theirs.send(bytes([byte]))
        found += list(cable.frames())
    assert found == [b"one", b"", b"three"]
    assert list(cable.frames()) == []
    theirs.close()
    with pytest.raises(EOFError):
        list(cable.frames())
    ours.close()

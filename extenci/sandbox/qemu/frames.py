"""Ethernet frames of a machine: read, changed and made. Pure functions over bytes.

The network is that of QEMU's user networking: the machine at 10.0.2.15, gateway and host 10.0.2.2.
ARP: RFC 826, IPv4: RFC 791, TCP: RFC 9293, changing checksums: RFC 1624.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

GATEWAY = IPv4Address("10.0.2.2").packed
GATEWAY_MAC = bytes.fromhex("52550a000202")
"""slirp's: 52:55 and its address."""
METADATA = IPv4Address("169.254.169.254").packed
HTTP = 80
FIRST_PROBE_PORT = 61000
"""Above what Linux gives to clients by default (ip_local_port_range): no connection of the user's has it."""

_IPV4, _ARP = b"\x08\x00", b"\x08\x06"
_TCP, _UDP = 6, 17
_DHCP = (67).to_bytes(2)
_EVERYBODY = b"\xff" * 4
SYN, RST, ACK = 0x02, 0x04, 0x10


@dataclass(frozen=True)
class Segment:
    """A TCP segment in an IPv4 frame: the places of its parts, and their values."""

    source: bytes
    target: bytes
    source_port: int
    target_port: int
    acknowledgement: int
    sequence: int
    flags: int
    start: int


def segment_of(frame: bytes) -> Segment | None:
    """The TCP segment that a frame carries; None: it carries something else, or a later fragment."""
    if len(frame) < 54 or frame[12:14] != _IPV4 or frame[23] != _TCP:
        return None
    if struct.unpack_from("!H", frame, 20)[0] & 0x1FFF:
        return None
    start = 14 + (frame[14] & 0x0F) * 4
    if len(frame) < start + 20:
        return None
    source_port, target_port, sequence, acknowledgement = struct.unpack_from("!HHII", frame, start)
    return Segment(
        source=frame[26:30],
        target=frame[30:34],
        source_port=source_port,
        target_port=target_port,
        sequence=sequence,
        acknowledgement=acknowledgement,
        flags=frame[start + 13],
        start=start,
    )


def outgoing(frame: bytes, port: int) -> bytes | None:
    """A frame on its way out: what is for the metadata service goes to `port` of the host instead.

    None for what does not leave, since a machine has no business there: 169.254.0.0/16, least of all the
    metadata service of the cloud that the host may be in, and programs that listen on the host's loopback
    addresses, to which user networking would lead what is sent to the gateway.
    """
    if frame[12:14] != _IPV4:
        return frame
    if len(frame) < 34:
        return None
    target = frame[30:34]
    if target[:2] == METADATA[:2]:
        return _to_metadata(frame, port)
    if target in (GATEWAY, _EVERYBODY):
        return frame if _may_reach_host(frame) else None
    return None if target[0] in (0, 127) else frame


def _may_reach_host(frame: bytes) -> bool:
    """Whether it belongs to a connection from outside, or asks for DHCP, or is neither TCP nor UDP."""
    if frame[23] == _TCP:
        segment = segment_of(frame)
        return segment is not None and segment.flags & (SYN | ACK) != SYN
    if frame[23] == _UDP:
        start = 14 + (frame[14] & 0x0F) * 4
        return frame[start + 2 : start + 4] == _DHCP and frame[20:22] in (b"\x00\x00", b"\x40\x00")
    return True


def _to_metadata(frame: bytes, port: int) -> bytes | None:
    segment = segment_of(frame)
    if segment is None or segment.target != METADATA or segment.target_port != HTTP:
        return None
    return _changed(frame, segment.start, (30, GATEWAY), (segment.start + 2, struct.pack("!H", port)))


def from_metadata(frame: bytes, port: int) -> bytes:
    """A frame on its way in: what comes from `port` of the host seems to come from the metadata service."""
    segment = segment_of(frame)
    if segment is None or segment.source != GATEWAY or segment.source_port != port:
        return frame
    return _changed(frame, segment.start, (26, METADATA), (segment.start, struct.pack("!H", HTTP)))


def _changed(frame: bytes, start: int, address: tuple[int, bytes], port: tuple[int, bytes]) -> bytes:
    """The frame with another address and port at these places, and checksums that fit."""
    new = bytearray(frame)
    for place, value in (address, port):
        new[place : place + len(value)] = value
    old_address = frame[address[0] : address[0] + 4]
    old_port = frame[port[0] : port[0] + 2]
    _adjust(new, 24, old_address, address[1])
    _adjust(new, start + 16, old_address + old_port, address[1] + port[1])
    return bytes(new)


def _adjust(frame: bytearray, place: int, old: bytes, new: bytes) -> None:
    """RFC 1624: HC' = ~(~HC + ~m + m')."""
    total = ~int.from_bytes(frame[place : place + 2]) & 0xFFFF
    total += sum(~word & 0xFFFF for (word,) in struct.iter_unpack("!H", old))
    total += sum(word for (word,) in struct.iter_unpack("!H", new))
    frame[place : place + 2] = (~_folded(total) & 0xFFFF).to_bytes(2)


def _folded(total: int) -> int:
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def metadata_arp(frame: bytes) -> bytes | None:
    """The answer to the question who has the metadata service's address: the gateway. None: not asked.

    Machines with a route for 169.254.0.0/16 (zeroconf) ask; the others go by their gateway anyway.
    """
    asks = frame[12:14] == _ARP and len(frame) >= 42 and frame[20:22] == b"\x00\x01"
    if not asks or frame[38:42] != METADATA:
        return None
    asker = frame[22:32]
    return frame[6:12] + GATEWAY_MAC + frame[12:20] + b"\x00\x02" + GATEWAY_MAC + METADATA + asker


def sender(frame: bytes) -> bytes | None:
    """The address in 10.0.2.0/24 that a frame's sender has; None while it has none."""
    match frame[12:14]:
        case b"\x08\x00":
            address = frame[26:30]
        case b"\x08\x06":
            address = frame[28:32]
        case _:
            return None
    return address if len(address) == 4 and address[:3] == GATEWAY[:3] else None


def probe(mac: bytes, address: bytes, port: int, index: int, *, reset: int | None = None) -> bytes:
    """A SYN from the gateway that asks whether a port is open; `reset`: the RST, with this sequence number,
    that ends what it began, so that no program in the machine ever sees a connection."""
    flags, sequence = (SYN, 1) if reset is None else (RST, reset)
    tcp = struct.pack("!HHIIBBHHH", FIRST_PROBE_PORT + index, port, sequence, 0, 5 << 4, flags, 64240, 0, 0)
    pseudo = GATEWAY + address + struct.pack("!BBH", 0, _TCP, len(tcp))
    tcp = tcp[:16] + _checksum(pseudo + tcp) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, _TCP, 0, GATEWAY, address)
    ip = ip[:10] + _checksum(ip) + ip[12:]
    return mac + GATEWAY_MAC + _IPV4 + ip + tcp


def _checksum(data: bytes) -> bytes:
    return (~_folded(sum(word for (word,) in struct.iter_unpack("!H", data))) & 0xFFFF).to_bytes(2)

"""Which ports of a machine can be reached from here, and at which port of its loopback address.

`EXTENCI_SANDBOX_FORWARD` names them, as in `22,80,8000-8010`. A port is reached at its own number where
that can be had. Below 1024 it often cannot: it takes root (or net.ipv4.ip_unprivileged_port_start), and a
server of this machine that listens on all addresses, such as sshd, has it on every loopback address too.
It is reached at the number plus 10000 then (22 at 10022), and the sandbox's status says so.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping

from extenci.model.errors import SandboxError

SETTING = "EXTENCI_SANDBOX_FORWARD"
DEFAULT = "22,80,443,8000,8080,8443,9618"
MOST = 64
STEP = 10000
_PROBE = "127.63.255.1"
"""An address that no machine gets."""


def wanted_ports(environ: Mapping[str, str] = os.environ) -> tuple[int, ...]:
    """The ports, in order. Raises SandboxError for what is no list of them, or too long a one."""
    text = environ.get(SETTING) or DEFAULT
    try:
        found = sorted({port for part in text.split(",") if part.strip() for port in _range(part)})
    except ValueError:
        raise SandboxError(
            f"{SETTING} is {text!r}, which is no list of ports.", "Write it as in 22,80,8000-8010."
        ) from None
    if len(found) > MOST:
        raise SandboxError(f"{SETTING} names {len(found)} ports; {MOST} are the most.", "Name fewer.")
    return tuple(found)


def _range(part: str) -> range:
    first, _, last = part.partition("-")
    numbers = range(int(first), int(last or first) + 1)
    if not numbers or numbers[0] < 1 or numbers[-1] > 65535:
        raise ValueError(part)
    return numbers


def can_listen(port: int) -> bool:
    """Whether this process may listen on `port` of a loopback address, as QEMU would."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((_PROBE, port))
            one.listen(1)
        except OSError:
            return False
        return True


def reachable_ports(ports: Iterable[int], can: Callable[[int], bool] = can_listen) -> dict[int, int]:
    """For each port of a machine, the port here; without those for which there is none."""
    wanted = tuple(ports)
    found = {port: port for port in wanted if can(port)}
    for port in wanted:
        others = (number for number in range(port + STEP, 65536, STEP) if number not in found.values())
        if port not in found and (other := next(filter(can, others), None)):
            found[port] = other
    return dict(sorted(found.items()))

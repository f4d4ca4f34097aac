"""Ports of test VMs that are reached at other ones, as the sandbox does where a user may not listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from extenci.model.verification import Check, HttpCheck, PytestCheck, SshCheck, TcpCheck

Forwards = Mapping[int, int]
"""Where a port of the machine is reached, for those that are reached elsewhere."""


def at_forwards(check: Check, forwards: Forwards) -> Check:
    """A check of the port at which the machine's is reached."""
    match check:
        case TcpCheck(tcp=port):
            return replace(check, tcp=forwards.get(port, port))
        case SshCheck(port=port) | PytestCheck(port=port):
            return replace(check, port=forwards.get(port, port))
        case HttpCheck(port=port, tls=tls):
            asked = port or (443 if tls else 80)
            return replace(check, port=forwards[asked]) if asked in forwards else check
        case _:
            return check

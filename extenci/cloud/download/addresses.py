"""Addresses that nothing is downloaded from: where clouds keep their machines' credentials."""

from __future__ import annotations

import ipaddress
import socket

from urllib3.util import parse_url

from extenci.model.errors import ServiceError
from extenci.model.version import shown_source

_AWS_OWN = ipaddress.ip_network("fd00:ec2::/32")


def refuse_metadata(url: str, flags: int = 0) -> None:
    """ServiceError where a URL's host is, or is the name of, such an address.

    With AI_NUMERICHOST only addresses are judged, in any of the ways in which they can be written: where a
    proxy stands between, it is the proxy that looks names up.
    """
    # Of urllib3, which asks: Python's own urlsplit takes another host out of https://HOST\@OTHER/.
    host = (parse_url(url).host or "").strip("[]").partition("%")[0].rstrip(".")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return  # the request says it better
    if any(is_metadata(str(one[4][0])) for one in found):
        raise ServiceError(
            f"{shown_source(url)} is not downloaded: its address is a link-local one, or its cloud's own.",
            "Nothing but a machine's own credentials is kept at such. Correct the source.",
        )


def is_metadata(address: str) -> bool:
    """Whether a cloud may keep its machines' credentials at an address, or no file can be there: what is
    link-local, also as IPv4 in IPv6, or AWS's own (`fd00:ec2::254`; EC2 User Guide, instance metadata)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return found.is_link_local or found.is_multicast or found.is_unspecified or found in _AWS_OWN

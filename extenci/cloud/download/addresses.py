"""Addresses that nothing is downloaded from, since clouds keep their machines' credentials there."""

from __future__ import annotations

import ipaddress
import socket

from urllib3.util import parse_url

from extenci.model.errors import ServiceError
from extenci.model.version import shown_source

_AWS_OWN = ipaddress.ip_network("fd00:ec2::/32")


def refuse_metadata(url: str, flags: int = 0) -> None:
    """ServiceError if a URL's host is such an address, or a name of one.

    With AI_NUMERICHOST only addresses are judged, however they are written: if a proxy is used, the proxy
    resolves names.
    """
    # By urllib3, which connects: Python's urlsplit finds another host in https://HOST\@OTHER/.
    host = (parse_url(url).host or "").strip("[]").partition("%")[0].rstrip(".")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return  # the request reports it better
    if any(is_metadata(str(one[4][0])) for one in found):
        raise ServiceError(
            f"{shown_source(url)} is not downloaded: its address is link-local, or reserved by the cloud.",
            "Such addresses serve a machine's own credentials, not files. Correct the source.",
        )


def is_metadata(address: str) -> bool:
    """Whether a cloud may serve its machines' credentials at an address, or no file can be there: link-local
    addresses, also as IPv4 in IPv6, and AWS's own (`fd00:ec2::254`; EC2 User Guide, instance metadata)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return found.is_link_local or found.is_multicast or found.is_unspecified or found in _AWS_OWN

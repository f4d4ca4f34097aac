"""Where requests may go without encryption: on this machine, or where the service's owner says so.

Signed requests show the access key and the session token to whoever is on their way, and anyone there can
change the answers.
"""

from __future__ import annotations

import functools
import socket
from urllib.parse import urlsplit

from extenci.model.errors import AccessRefused
from extenci.model.service import Service, is_loopback


def require_encryption(service: Service, url: str) -> None:
    """AccessRefused where a service's URL begins with http:// and leads away from this machine, unless the
    service's file says `plain_http: true`."""
    if urlsplit(url).scheme != "http" or service.plain_http or stays_here(url):
        return
    raise AccessRefused(
        f"The service {service.name} is not called: {url} is not encrypted, so anyone on the way could read "
        "the credentials and change the answers.",
        "Nothing was sent. Write https:// in the service's file, or `plain_http: true` where nobody else is "
        "on the way.",
        service=service.name,
    )


def stays_here(url: str) -> bool:
    """Whether requests to a URL stay on this machine: its host is loopback, or every address of it is this
    machine's own."""
    return is_loopback(url) or _is_own_host(urlsplit(url).hostname or "")


@functools.cache
def _is_own_host(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_own_address(family, address) for family, *_, address in found)


def _is_own_address(family: int, address: tuple[object, ...]) -> bool:
    """A socket can be bound to this machine's own addresses only (bind(2), EADDRNOTAVAIL)."""
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address[0], 0, *address[2:]))
        except OSError:
            return False
    return str(address[0]) not in ("0.0.0.0", "::")  # noqa: S104 - all addresses, of which there is no traffic


def may_use_proxy(service: Service, url: str) -> bool:
    """Whether requests to a URL may go through a proxy of the environment: not where they must stay here."""
    may_leave = service.plain_http or urlsplit(url).scheme != "http"
    return may_leave and not is_loopback(url)

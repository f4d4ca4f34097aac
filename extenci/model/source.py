"""The source of a disk in a spec: a path, or a URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HIDDEN = "…"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(source: str) -> bool:
    """Whether a source is a URL, which begins with a scheme; anything else is a path."""
    return _SCHEME.match(source) is not None


def shown_source(source: str) -> str:
    """A source as texts may show it. Parts of a URL that may be secret are left out: user and password, and
    the whole query, which may hold signatures (`X-Amz-Signature`, `sig`, `token`, …)."""
    if not is_url(source):
        return source
    try:
        parts = urlsplit(source)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return source.partition("://")[0] + "://" + HIDDEN
    query = f"?{HIDDEN}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}"

"""Where a disk comes from, as a spec says it: a path, or a URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HIDDEN = "…"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(source: str) -> bool:
    """Whether a source is a URL, which begins with a scheme; anything else is a path."""
    return _SCHEME.match(source) is not None


def shown_source(source: str) -> str:
    """A source for a text. Of a URL, what may be a secret is left out: user and password, and all of the
    query, where signatures stand (`X-Amz-Signature`, `sig`, `token`, …)."""
    if not is_url(source):
        return source
    try:
        parts = urlsplit(source)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return source.partition("://")[0] + "://" + HIDDEN
    query = f"?{HIDDEN}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}"

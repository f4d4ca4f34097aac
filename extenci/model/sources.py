"""Where a disk comes from, as a spec says it: a path, or a URL."""

from __future__ import annotations

from urllib.parse import urlsplit

HIDDEN = "…"


def is_url(source: str) -> bool:
    """Whether a source is a URL: any other has an absolute path."""
    return "://" in source


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

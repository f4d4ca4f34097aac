"""URLs that disks come from. A message never repeats one, since people put passwords into URLs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from extenci.spec.validation.strict import wrong

_S3_URL = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]{0,254}/[^/].{0,1023}")


def require_https(url: str) -> str:
    """The URL of a file, without a user or password."""
    problem = wrong("must be a URL of a file, such as https://example.edu/images/worker.qcow2")
    if not url.isprintable() or " " in url:
        raise problem
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise problem from None
    if not parts.hostname or port == 0 or len(parts.path) < 2:
        raise problem
    if "@" in parts.netloc:
        raise wrong("has a user or password in its URL; specs hold no secrets, and none are sent")
    return url


def require_s3(url: str) -> str:
    """`s3://BUCKET/KEY`; the key is taken as it stands."""
    if not _S3_URL.fullmatch(url) or not url.isprintable():
        raise wrong("must name a bucket and a key, such as s3://my-images/worker.qcow2")
    return url

"""AWS's endpoints, and the regions in their names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_AWS_HOST = re.compile(r"(?:[a-z0-9-]+\.)*amazonaws\.(?:com|com\.cn|eu)|(?:[a-z0-9-]+\.)*api\.aws")
_AWS_REGION = re.compile(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d)\.")


def is_aws(url: str) -> bool:
    """Whether a URL is an endpoint of AWS."""
    return bool(_AWS_HOST.fullmatch(urlsplit(url).hostname or ""))


def find_region(url: str | None) -> str | None:
    """The region in the name of an endpoint of AWS; None for any other."""
    if url is None or not is_aws(url):
        return None
    found = _AWS_REGION.search(urlsplit(url).hostname or "")
    return found[1] if found else None

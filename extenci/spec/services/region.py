"""The regions in the names of AWS's endpoints."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from extenci.model.abilities import is_aws

_AWS_REGION = re.compile(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d)\.")


def find_region(url: str | None) -> str | None:
    """The region in the name of an endpoint of AWS; None for any other."""
    if url is None or not is_aws(url):
        return None
    found = _AWS_REGION.search(urlsplit(url).hostname or "")
    return found[1] if found else None

"""The kinds of values that service files are made of: endpoints, key files, buckets, accounts."""

from __future__ import annotations

import difflib
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from extenci.model.abilities import GROUPS, Ability
from extenci.spec.validation import schema_terms
from extenci.spec.validation.fields import ONE_LINE, FilePath
from extenci.spec.validation.strict import Expected, wrong

_ACCESS_KEY = re.compile(r"A(?:KI|SI)A[A-Z0-9]{8,}")
_SECRET_KEY = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9+][A-Za-z0-9/+]{38}[A-Za-z0-9/+=]")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")


def require_no_key(path: str) -> str:
    """The path of a file with a key. The key itself is refused, and no message shows it."""
    if _ACCESS_KEY.fullmatch(path) or _SECRET_KEY.fullmatch(path):
        raise wrong("looks like the key itself; write it into a file, and the path of that file here")
    return path


def require_endpoint(url: str) -> str:
    """An endpoint's URL. It is never repeated in a message, since people put passwords into URLs."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise wrong("must be a URL such as https://ec2.us-east-1.amazonaws.com") from None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or " " in url or not url.isascii():
        raise wrong("must be a URL with a host, such as https://ec2.us-east-1.amazonaws.com")
    if "@" in parts.netloc:
        raise wrong("must not have a user name or password in it; name key files under 'credentials'")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise wrong("must end with its path; remove the ? or # and what follows")
    return url.rstrip("/")


Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2048, pattern=ONE_LINE),
    Field(json_schema_extra={"format": "uri", **schema_terms.ENDPOINT}),
    AfterValidator(require_endpoint),
]
Region = Annotated[
    str,
    StringConstraints(pattern="^[a-zA-Z0-9_-]{1,64}$"),
    Expected("the name of a region such as us-east-1"),
]
Bucket = Annotated[
    str,
    StringConstraints(pattern="^[a-zA-Z0-9][a-zA-Z0-9._-]{1,253}[a-zA-Z0-9]$"),
    Expected("the name of a bucket"),
]
Account = Annotated[
    str,
    StringConstraints(pattern="^[0-9]{12}$"),
    Expected("the number of an account, 12 digits in quotes"),
]
KeyPath = Annotated[FilePath, AfterValidator(require_no_key)]


def require_ability(name: str) -> str:
    """The name of an ability, or of a group of them."""
    if name not in GROUPS and name not in set(Ability):
        close = difflib.get_close_matches(name, [*GROUPS, *Ability], n=1, cutoff=0.5)
        meant = f"; did you mean {close[0]!r}" if close else ""
        raise wrong(f"is no ability{meant} (`extenci doctor` lists all of them)")
    return name


AbilityName = Annotated[str, AfterValidator(require_ability)]

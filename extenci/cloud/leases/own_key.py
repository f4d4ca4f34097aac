"""The public keys of the leases that this home asked for last, by which it knows its own key pair again where
a command was killed before it could tag it."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

TYPE = b"ssh-ed25519"
SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of a key in DER (RFC 8410)."""
MOST_KEPT = 8
_POINT = re.compile("[0-9a-f]{64}")


class OwnKey:
    """Keeps the keys in a file; None: nowhere, so that none is known again."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def make(self) -> bytes:
        """A new public key, as OpenSSH writes it, whose private key nobody has: 32 random bytes (RFC 8709).
        It is kept before it is used."""
        point = os.urandom(32)
        if self._file is not None:
            with suppress(OSError):
                self._file.parent.mkdir(mode=0o700, exist_ok=True)
                self._file.write_text("\n".join((*self._kept()[1 - MOST_KEPT :], point.hex())))
        return TYPE + b" " + base64.b64encode(blob_of(point))

    def forget_last(self) -> None:
        """Forget the key that was made last, which became no lease: however often this home is refused, it
        knows those of its leases."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write_text("\n".join(self._kept()[:-1]))

    def is_at(self, fingerprint: str) -> bool:
        """Whether a fingerprint is that of one of the keys, in whichever way the service makes it: EC2's is
        OpenSSH's, SHA-256 in base64 (EC2 User Guide, "Verify the fingerprint"); others hash in hex, and the
        key in DER."""
        return any(plain(fingerprint) in fingerprints(bytes.fromhex(one)) for one in self._kept())

    def _kept(self) -> list[str]:
        try:
            lines = self._file.read_text("ascii", "replace").split() if self._file is not None else []
        except OSError:
            return []
        return [line for line in lines if _POINT.fullmatch(line)]


def fingerprints(point: bytes) -> frozenset[str]:
    """The fingerprints that services may make of a key."""
    return frozenset(
        (
            plain(base64.b64encode(hashlib.sha256(blob_of(point)).digest()).decode()),
            *(
                algorithm(data, usedforsecurity=False).hexdigest()
                for algorithm in (hashlib.sha256, hashlib.sha1, hashlib.md5)
                for data in (blob_of(point), SPKI + point)
            ),
        )
    )


def blob_of(point: bytes) -> bytes:
    """A key as SSH's protocol writes it (RFC 8709)."""
    return b"".join(len(part).to_bytes(4) + part for part in (TYPE, point))


def plain(fingerprint: str) -> str:
    """A fingerprint without what services write around it."""
    return fingerprint.removeprefix("SHA256:").replace(":", "").rstrip("=")

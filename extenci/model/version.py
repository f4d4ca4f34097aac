"""Versions of images: the digest of a disk's content and the settings it is registered with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from extenci.model.address import Architecture, BootMode, Method

BLOCK_BYTES = 524_288
"""Bytes of a block: fixed by the EBS direct APIs (StartSnapshot's answer, `BlockSize`)."""

GIB = 1024**3


@dataclass(frozen=True)
class Disk:
    """Facts about a disk, known after reading it once.

    `digest` is hex SHA-256 over the (index, SHA-256) of the non-zero blocks; `size` the disk's length
    in bytes; `blocks` the number of non-zero blocks; `sha256` that of the source file's own bytes,
    known only where a spec pins it.
    """

    digest: str
    size: int
    blocks: int
    sha256: str | None = None

    @property
    def gib(self) -> int:
        """The smallest volume that holds the disk, in GiB, at least 1."""
        return max(1, -(-self.size // GIB))


@dataclass(frozen=True)
class Parent:
    """A snapshot that another is started from, and the digest of its disk: blocks that are not put into the
    new one are those of its parent (EBS direct APIs, StartSnapshot)."""

    snapshot: str
    digest: str

    def __str__(self) -> str:
        return f"{self.snapshot}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> Parent | None:
        """The reverse of `str`; None for any other text."""
        snapshot, _, digest = text.partition(":")
        return cls(snapshot, digest) if snapshot and digest else None


@dataclass(frozen=True)
class Registration:
    """The settings of RegisterImage that make one version differ from another of the same disk."""

    architecture: Architecture
    boot_mode: BootMode | None
    method: Method
    gib: int

    @property
    def code(self) -> str:
        """Eight hex characters of a hash over these settings."""
        known = [str(self.architecture), str(self.boot_mode or ""), str(self.method), self.gib]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Version:
    """One content, registered in one way."""

    digest: str
    registration: Registration

    def __str__(self) -> str:
        return version_label(self.digest, self.registration)

    def image_name(self, name: str, stack: str) -> str:
        """The AMI's name, which serves as RegisterImage's idempotency token."""
        return f"{name}-{stack}-{self}"


def version_label(digest: str, registration: Registration) -> str:
    """A version as tags, names and reports write it: `DIGEST12-SETTINGS8`."""
    return f"{digest[:12]}-{registration.code}"

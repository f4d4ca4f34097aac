"""Versions of images: where a disk comes from, the digest of its content, and how it is registered."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from extenci.model.abilities import Ability


class Architecture(StrEnum):
    """RegisterImage's `Architecture`."""

    X86_64 = "x86_64"
    ARM64 = "arm64"
    I386 = "i386"


class BootMode(StrEnum):
    """RegisterImage's `BootMode`."""

    LEGACY_BIOS = "legacy-bios"
    UEFI = "uefi"
    UEFI_PREFERRED = "uefi-preferred"


class Method(StrEnum):
    """How a disk becomes a registered image."""

    EBS = "ebs"
    IMPORT = "import"
    BUNDLE = "bundle"

    @property
    def abilities(self) -> tuple[Ability, ...]:
        """The abilities that the service needs for it, and not every one has."""
        return _NEEDED_ABILITIES.get(self, ())

    @property
    def needs_bucket(self) -> bool:
        """Whether the disk goes through S3."""
        return self is not Method.EBS

    @property
    def makes_snapshot(self) -> bool:
        """Whether an image stands on a snapshot, from which others can be registered. One that does not is
        made of an upload of its own."""
        return self is not Method.BUNDLE

    @property
    def writes_blocks(self) -> bool:
        """Whether blocks are written one by one, so that a snapshot can be started from another, and an
        interrupted one be resumed."""
        return self is Method.EBS


_NEEDED_ABILITIES = {
    Method.EBS: (Ability.EBS_DIRECT,),
    Method.IMPORT: (Ability.IMPORT_SNAPSHOT,),
}

BLOCK_BYTES = 524_288
"""Bytes of a block: fixed by the EBS direct APIs (StartSnapshot's answer, `BlockSize`)."""

GIB = 1024**3

LONGEST_IMAGE_NAME = 128
"""Characters of an AMI's name (EC2 API reference, RegisterImage, `Name`)."""


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

    def image_name(self, name: str, stack: str, service: str | None = None) -> str:
        """The AMI's name, which serves as RegisterImage's idempotency token. `service` tells the image from
        one of another service of the same account: by its name, or a hash of it where that is too long."""
        if service is None:
            return f"{name}-{stack}-{self}"
        whole = f"{name}-{stack}-{service}-{self}"
        if len(whole) <= LONGEST_IMAGE_NAME:
            return whole
        return f"{name}-{stack}-{hashlib.sha256(service.encode()).hexdigest()[:4]}-{self}"


def version_label(digest: str, registration: Registration) -> str:
    """A version as tags, names and reports write it: `DIGEST12-SETTINGS8`."""
    return f"{digest[:12]}-{registration.code}"


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

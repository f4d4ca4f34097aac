"""The smallest shared words: addresses and the enumerations of the spec format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
"""What services, stacks, images and instance groups may be called. AMI names (3 to 128 characters)
hold a name, a stack and 22 characters more, hence the limit."""


@dataclass(frozen=True, order=True)
class Address:
    """`service/name`: one image or instance group on one service."""

    service: str
    name: str

    def __str__(self) -> str:
        return f"{self.service}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `service/name`; ValueError where it is not that."""
        service, slash, name = text.partition("/")
        if not (slash and NAME.fullmatch(service) and NAME.fullmatch(name)):
            raise ValueError(f"{text!r} is not an address: it takes SERVICE/NAME")
        return cls(service, name)


class Kind(StrEnum):
    """The kind of thing that an address names."""

    noun: str
    """One of them: `1 machine`."""

    IMAGE = "image", "image"
    INSTANCES = "instances", "machine"
    LEFTOVER = "leftover", "leftover"
    """What interrupted runs left behind besides machines and snapshots: key pairs, uploads, local files."""

    def __new__(cls, word: str, noun: str) -> Self:
        """A word that carries the noun for one of its kind."""
        kind = str.__new__(cls, word)
        kind._value_, kind.noun = word, noun
        return kind


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
    def makes_snapshot(self) -> bool:
        """Whether an image stands on a snapshot, from which others can be registered. One that does not is
        made of an upload of its own."""
        return self is not Method.BUNDLE

    @property
    def writes_blocks(self) -> bool:
        """Whether blocks are written one by one, so that a snapshot can be started from another, and an
        interrupted one be resumed."""
        return self is Method.EBS


class Launch(StrEnum):
    """Who starts the machines of a group."""

    EC2 = "ec2"
    CONDOR = "condor"

    @property
    def has_queue(self) -> bool:
        """Whether machines are launched by jobs of a queue, which stand there before they run."""
        return self is Launch.CONDOR


class Tagging(StrEnum):
    """When a service lets extenci tag what it makes."""

    CREATE = "create"
    AFTER = "after"
    NONE = "none"


class Role(StrEnum):
    """What an owned machine or image is there for (tag `extenci:role`)."""

    POOL = "pool"
    TEST = "test"
    MANUAL = "manual"

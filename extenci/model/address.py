"""Addresses: the name of one image or instance group on one service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
"""What services, stacks, images and instance groups may be called. AMI names (3 to 128 characters)
hold a name, a stack and 28 characters more, hence the limit."""


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

"""The machine that is examined, as far as checks must know it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import ServiceError, UsageError

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Target:
    """One running machine.

    `machine` and `image` are ids of the service; `service` and `name` the image's address; `console` reads
    all output of its console, and may raise ExtenciError where that cannot be had now; `user` and `key` (a
    private key's file) log in where a check names none; evidence goes to `folder`. `environment` is what
    programs get beside the EXTENCI_ variables, None for this process's without secrets; `ssh_config`
    stands in for ~/.ssh/config and /etc/ssh/ssh_config.
    """

    address: str
    machine: str
    image: str
    service: str
    name: str
    stack: str
    folder: Path
    console: Callable[[], str]
    user: str | None = None
    key: Path | None = None
    environment: Mapping[str, str] | None = None
    ssh_config: Path | None = None


def require_sound(target: Target) -> None:
    """Refuse what could become something else on a command line or in a configuration of ssh."""
    if not _HOST.fullmatch(target.address):
        raise ServiceError(
            f"{target.service} says that the machine {target.machine} has an address that is none.",
            "Look at the machine on the service; end it there if it is not what was launched.",
            service=target.service,
        )
    if any(mark in str(target.folder) for mark in ('"', "\n", "\\")):
        raise UsageError(
            "The folder for evidence has a quote, backslash or line break in its name; ssh cannot take it.",
            "Name another folder.",
        )


def safe_name(text: str, longest: int = 60) -> str:
    """Text as a file's name: letters, digits, dots, dashes and underscores, the first no dot or dash."""
    return _UNSAFE.sub("-", text)[:longest].strip("-.") or "unnamed"

"""The machine that checks are about."""

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

    `machine` and `image` are ids of the service; `service` and `name` are the image's address. `console`
    reads all output of its console, and raises ExtenciError where it cannot be read now. `user` and `key` (a
    private key's file) log in where a check names none. Evidence goes to `folder`. `environment` has the
    variables of programs beside the EXTENCI_ ones; None: this process's, without secrets. `ssh_config`
    replaces ~/.ssh/config and /etc/ssh/ssh_config.
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
    """Refuse values that could mean something else on a command line or in a configuration of ssh."""
    if not _HOST.fullmatch(target.address):
        raise ServiceError(
            f"{target.service} reports an address for the machine {target.machine} that is "
            "neither IP address nor host name.",
            "Look at the machine on the service, and end it there if it is not the one that was launched.",
            service=target.service,
        )
    if any(mark in str(target.folder) for mark in ('"', "\n", "\\")):
        raise UsageError(
            "The name of the evidence folder has a quote, backslash or line break, which ssh cannot read.",
            "Name another folder.",
        )


def safe_name(text: str, longest: int = 60) -> str:
    """Text as a file's name: letters, digits, dots, dashes and underscores; no dot or dash at its front."""
    return _UNSAFE.sub("-", text)[:longest].strip("-.") or "unnamed"
